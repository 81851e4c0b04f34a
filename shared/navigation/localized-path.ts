import type { Locale } from '../vocabulary/catalog.ts'

/** A page's path in a reader's language: Indonesian stands at `/`, English below `/en`. */
export const localizedPath = (locale: Locale, path: string): string => locale === 'en' ? `/en${path}` : path
