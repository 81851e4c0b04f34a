import type { z } from 'zod'

/** What is wrong with one field, in our own words: `code` is a key below `fields` in errors.json, `params` fill its holes. */
export interface FieldFinding { readonly path: string, readonly code: string, readonly params: Readonly<Record<string, string | number>> }

const keyed = /^[a-z0-9]+(_[a-z0-9]+)+$/

interface Reason { readonly code: string, readonly params?: Record<string, string | number> }

function tooSmall(origin: string, minimum: unknown): Reason {
  if (origin === 'string' && Number(minimum) <= 1) return { code: 'required' }
  return { code: origin === 'string' ? 'too_short' : origin === 'array' ? 'too_few' : 'too_small', params: { min: String(minimum) } }
}
const tooBig = (origin: string, maximum: unknown): Reason => ({ code: origin === 'string' ? 'too_long' : origin === 'array' ? 'too_many' : 'too_big', params: { max: String(maximum) } })
const formats: Readonly<Record<string, string>> = { email: 'email_shape', url: 'url_shape' }

function reasonOf(issue: z.core.$ZodIssue): Reason {
  // A schema that names its own reason (`regex(…, 'nik_shape')`) knows best.
  if (keyed.test(issue.message)) return { code: issue.message }
  switch (issue.code) {
    case 'invalid_type': return { code: issue.input === undefined || issue.input === null ? 'required' : 'invalid' }
    case 'too_small': return tooSmall(issue.origin, issue.minimum)
    case 'too_big': return tooBig(issue.origin, issue.maximum)
    case 'invalid_format': return issue.input === '' ? { code: 'required' } : { code: formats[issue.format] ?? 'invalid' }
    case 'invalid_value': return { code: 'choose_one' }
    default: return { code: 'invalid' }
  }
}

/** The findings of a failed check, for the form before it is sent and for the server's answer alike: no text of the validator reaches a person. */
export const findingsOf = (error: z.ZodError): FieldFinding[] => error.issues.slice(0, 50).map((issue) => {
  const { code, params = {} } = reasonOf(issue)
  return { path: issue.path.join('.'), code, params }
})
