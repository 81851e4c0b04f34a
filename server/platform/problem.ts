import { z } from 'zod'
import en from '#i18n/en/errors.json' with { type: 'json' }
import id from '#i18n/id/errors.json' with { type: 'json' }
import { AppError } from '#shared/errors/codes.ts'
import type { FieldError } from '#shared/errors/codes.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'

/** `application/problem+json` (RFC 9457) with our code, a title in the reader's language, errors per field and the request's id. */
export interface Problem { type: string, title: string, status: number, code: string, requestId: string, errors?: FieldError[], params?: Record<string, string | number> }

type Texts = { errors: Record<string, string>, fields: Record<string, string> }
const texts: Record<Locale, Texts> = { id, en }
const validation = { id: z.locales.id().localeError, en: z.locales.en().localeError }

const fill = (text: string, params: Readonly<Record<string, string | number>>) => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))

/** Checks an input; what is wrong is told per field, in the reader's language. @throws AppError invalid_input */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, locale: Locale): z.output<S> {
  const parsed = schema.safeParse(input, { error: validation[locale] })
  if (parsed.success) return parsed.data
  throw new AppError('invalid_input', {
    fields: parsed.error.issues.slice(0, 50).map(issue => ({ path: issue.path.join('.'), code: issue.code === 'custom' ? issue.message : issue.code, message: texts[locale].fields[issue.message] ?? issue.message })),
  })
}

export function toProblem(error: AppError, locale: Locale, requestId: string): Problem {
  const fields = error.fields.map(field => ({ ...field, message: texts[locale].fields[field.code] ?? field.message }))
  return {
    type: 'about:blank', title: fill(texts[locale].errors[error.code] ?? error.code, error.params), status: error.status, code: error.code, requestId,
    ...(fields.length > 0 ? { errors: fields } : {}), ...(Object.keys(error.params).length > 0 ? { params: { ...error.params } } : {}),
  }
}
