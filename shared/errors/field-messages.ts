import type { z } from 'zod'

/** What is wrong with one field, in our own words: `code` is a key below `fields` in errors.json, `params` fill its holes. */
export interface FieldFinding { readonly path: string, readonly code: string, readonly params: Readonly<Record<string, string | number>> }

const keyed = /^[a-z0-9]+(_[a-z0-9]+)+$/

function codeOf(issue: z.core.$ZodIssue): { code: string, params?: Record<string, string | number> } {
  // A schema that names its own reason (`regex(…, 'nik_shape')`) knows best.
  if (keyed.test(issue.message)) return { code: issue.message }
  switch (issue.code) {
    case 'invalid_type': return { code: issue.input === undefined || issue.input === null || issue.input === '' ? 'required' : 'invalid' }
    case 'too_small': return issue.origin === 'string' ? (Number(issue.minimum) <= 1 ? { code: 'required' } : { code: 'too_short', params: { min: String(issue.minimum) } }) : issue.origin === 'array' ? { code: 'too_few', params: { min: String(issue.minimum) } } : { code: 'too_small', params: { min: String(issue.minimum) } }
    case 'too_big': return issue.origin === 'string' ? { code: 'too_long', params: { max: String(issue.maximum) } } : issue.origin === 'array' ? { code: 'too_many', params: { max: String(issue.maximum) } } : { code: 'too_big', params: { max: String(issue.maximum) } }
    case 'invalid_format': return { code: issue.format === 'email' ? 'email_shape' : issue.format === 'url' ? 'url_shape' : 'invalid' }
    case 'invalid_value': return { code: 'choose_one' }
    default: return { code: 'invalid' }
  }
}

/** The findings of a failed check, for the form before it is sent and for the server's answer alike: no text of the validator reaches a person. */
export const findingsOf = (error: z.ZodError): FieldFinding[] => error.issues.slice(0, 50).map((issue) => {
  const { code, params = {} } = codeOf(issue)
  return { path: issue.path.join('.'), code, params }
})
