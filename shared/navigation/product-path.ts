import type { ProductKind } from '../vocabulary/catalog.ts'

const folders: Readonly<Record<ProductKind, string>> = { vps: 'vps', hosting: 'hosting', work: 'work' }
/** The order page of a product. */
export const productPath = (kind: ProductKind, slug: string): string => `/${folders[kind]}/${slug}`
