import type { SessionItem } from './state.ts'

type Body = Record<string, unknown>
const record = (value: unknown): Body => typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Body : {}
const minutes = (n: number) => n * 60_000

export interface Refusal { readonly status: number, readonly error_code: string, readonly message: string, readonly errors?: { path: string, message: string }[] }
export interface ReadSession { readonly referenceId: string, readonly amount: number, readonly currency: string, readonly locale: string, readonly expiresAt: number, readonly description: string | null, readonly items: SessionItem[], readonly metadata: Record<string, string> | null, readonly customerReference: string, readonly successUrl: string | null, readonly cancelUrl: string | null }

/** Null when the bytes are no JSON object. */
export function parseBody(bytes: Buffer): Body | null {
  try {
    const parsed: unknown = JSON.parse(bytes.toString())
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed as Body : null
  } catch {
    return null
  }
}

const refuse = (error_code: string, message: string, path = ''): Refusal => ({ status: 400, error_code, message, ...(path ? { errors: [{ path, message }] } : {}) })

function checkMetadata(given: unknown): Refusal | null {
  const entries = Object.entries(record(given))
  const fits = entries.length <= 20 && entries.every(([key, value]) => key.length <= 40 && typeof value === 'string' && value.length <= 80)
  return fits ? null : refuse('INVALID_METADATA', 'metadata: at most 20 keys, a key of at most 40 and a string value of at most 80 characters')
}

function checkCustomer(given: unknown): Refusal | null {
  const customer = record(given)
  const reference = customer.reference_id
  if (typeof reference !== 'string' || !/^[A-Za-z0-9]{1,255}$/.test(reference)) return refuse('API_VALIDATION_ERROR', 'customer.reference_id must be alphanumeric without special characters', 'customer.reference_id')
  if (customer.type !== 'INDIVIDUAL' || typeof record(customer.individual_detail).given_names !== 'string') return refuse('API_VALIDATION_ERROR', 'customer.individual_detail.given_names is required', 'customer.individual_detail')
  if (customer.email !== undefined && (typeof customer.email !== 'string' || customer.email.length > 50)) return refuse('API_VALIDATION_ERROR', 'customer.email is too long (maximum is 50)', 'customer.email')
  if (customer.mobile_number !== undefined && !/^\+[1-9]\d{6,14}$/.test(String(customer.mobile_number))) return refuse('API_VALIDATION_ERROR', 'customer.mobile_number must be E.164', 'customer.mobile_number')
  return null
}

/** What `POST /sessions` refuses, by the vendor's error table; otherwise what it asks for. */
export function readSession(body: Body, now: number): Refusal | ReadSession {
  const { reference_id: reference, amount, currency, metadata, customer } = body
  if (typeof reference !== 'string' || reference.length < 1 || reference.length > 64) return refuse('API_VALIDATION_ERROR', 'reference_id must be 1 to 64 characters', 'reference_id')
  if (body.session_type !== 'PAY') return refuse('API_VALIDATION_ERROR', 'session_type must be PAY', 'session_type')
  if (body.mode !== 'PAYMENT_LINK') return refuse('API_VALIDATION_ERROR', 'mode is required', 'mode')
  if (body.country !== 'ID' || currency !== 'IDR') return refuse('API_VALIDATION_ERROR', 'country and currency are required', 'currency')
  if (typeof amount !== 'number' || !Number.isInteger(amount) || amount < 1) return refuse('INVALID_AMOUNT', 'amount must be a whole number of rupiah')
  const items = Array.isArray(body.items) ? body.items as SessionItem[] : []
  if (items.some(item => typeof item.name !== 'string' || !Number.isInteger(item.net_unit_amount) || item.quantity < 1)) return refuse('API_VALIDATION_ERROR', 'items are not valid', 'items')
  if (items.length > 0 && items.reduce((sum, item) => sum + item.net_unit_amount * item.quantity, 0) !== amount) return refuse('API_VALIDATION_ERROR', 'the items do not add up to the amount', 'items')
  for (const name of ['success_return_url', 'cancel_return_url']) if (body[name] !== undefined && !String(body[name]).startsWith('https://')) return refuse('INVALID_URL', `${name} must be https`)
  const expiresAt = body.expires_at === undefined ? now + minutes(30) : Date.parse(String(body.expires_at))
  if (!(expiresAt >= now + minutes(10))) return refuse('INVALID_EXPIRY_DATE', 'expires_at must be at least 10 minutes ahead')
  const wrong = checkMetadata(metadata) ?? (customer === undefined ? refuse('MISSING_CUSTOMER', 'customer is required') : checkCustomer(customer))
  if (wrong) return wrong
  const text = (value: unknown) => typeof value === 'string' ? value : null
  return {
    referenceId: reference, amount, currency: 'IDR', locale: text(body.locale) ?? 'id', expiresAt, description: text(body.description), items, metadata: metadata === undefined ? null : record(metadata) as Record<string, string>, customerReference: String(record(customer).reference_id),
    successUrl: text(body.success_return_url), cancelUrl: text(body.cancel_return_url),
  }
}
