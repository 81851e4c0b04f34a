import type { z } from 'zod'
import en from '#i18n/en/errors.json' with { type: 'json' }
import id from '#i18n/id/errors.json' with { type: 'json' }
import { AppError } from '#shared/errors/codes.ts'
import type { FieldError } from '#shared/errors/codes.ts'
import { findingsOf } from '#shared/errors/field-messages.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'

/** `application/problem+json` (RFC 9457) with our code, a title in the reader's language, errors per field and the request's id. */
export interface Problem { type: string, title: string, status: number, code: string, requestId: string, errors?: FieldError[], params?: Record<string, string | number> }

type Texts = { errors: Record<string, string>, fields: Record<string, string> }
const texts: Record<Locale, Texts> = { id, en }

const fill = (text: string, params: Readonly<Record<string, string | number>>) => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))

/** Checks an input; what is wrong is told per field, in the reader's language. @throws AppError invalid_input */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, locale: Locale): z.output<S> {
  const parsed = schema.safeParse(input, { reportInput: true })
  if (parsed.success) return parsed.data
  throw new AppError('invalid_input', { fields: findingsOf(parsed.error).map(({ path, code, params }) => ({ path, code, params, message: fill(texts[locale].fields[code] ?? code, params) })) })
}

export function toProblem(error: AppError, locale: Locale, requestId: string): Problem {
  const fields = error.fields.map(({ path, code, message, params = {} }) => ({ path, code, message: fill(texts[locale].fields[code] ?? message, params) }))
  return {
    type: 'about:blank', title: fill(texts[locale].errors[error.code] ?? error.code, error.params), status: error.status, code: error.code, requestId,
    ...(fields.length > 0 ? { errors: fields } : {}), ...(Object.keys(error.params).length > 0 ? { params: { ...error.params } } : {}),
  }
}
