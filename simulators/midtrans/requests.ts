import type { Item, SnapMethod } from './state.ts'
import { parseTime, snapMethods } from './state.ts'

export interface ReadRequest { readonly orderId: string, readonly amount: number, readonly items: Item[], readonly customer: Record<string, unknown> }
type Body = Record<string, unknown>
const record = (value: unknown): Body => typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Body : {}

/** Null when the bytes are no JSON object. */
export function parseBody(bytes: Buffer): Body | null {
  try {
    const parsed: unknown = JSON.parse(bytes.toString())
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed as Body : null
  } catch {
    return null
  }
}

/** What Snap and Core API check alike; every problem in words. */
export function readRequest(body: Body): { request: ReadRequest, problems: string[] } {
  const details = record(body.transaction_details)
  const problems: string[] = []
  const orderId = details.order_id
  if (orderId === undefined || orderId === '') problems.push('transaction_details.order_id is required')
  else if (typeof orderId !== 'string') problems.push('transaction_details.order_id must be a string')
  else if (orderId.length > 50) problems.push('transaction_details.order_id is too long (maximum is 50 characters)')
  else if (!/^[A-Za-z0-9\-_~.]+$/.test(orderId)) problems.push('transaction_details.order_id format is invalid. Please only use alphanumeric, dash(-), underscore(_), tilde(~), and dot(.)')
  const amount = details.gross_amount
  if (amount === undefined) problems.push('transaction_details.gross_amount is required')
  else if (typeof amount !== 'number') problems.push('transaction_details.gross_amount is not a number')
  else if (!Number.isInteger(amount) || amount < 1) problems.push('transaction_details.gross_amount must be greater than or equal to 1 and without decimals')
  const items: Item[] = Array.isArray(body.item_details) ? body.item_details as Item[] : []
  for (const [i, item] of items.entries()) {
    if (typeof item.name !== 'string' || item.name === '') problems.push(`item_details[${i}].name is required`)
    else if (item.name.length > 50) problems.push('item_details Name too long (maximum is 50 characters)')
    if (typeof item.price !== 'number' || !Number.isInteger(item.price)) problems.push(`item_details[${i}].price is not a number`)
    if (typeof item.quantity !== 'number' || !Number.isInteger(item.quantity) || item.quantity < 1) problems.push(`item_details[${i}].quantity must be greater than or equal to 1`)
    if (typeof item.id === 'string' && item.id.length > 50) problems.push('item_details Id too long (maximum is 50 characters)')
  }
  if (items.length && typeof amount === 'number' && items.reduce((sum, item) => sum + item.price * item.quantity, 0) !== amount) problems.push('transaction_details.gross_amount is not equal to the sum of item_details')
  const customer = record(body.customer_details)
  if (typeof customer.email === 'string' && !/^[^\s@]+@[^\s@]+$/.test(customer.email)) problems.push('customer_details.email format is invalid.')
  return { request: { orderId: String(orderId), amount: Number(amount), items, customer }, problems }
}

const minuteOf: Record<string, number> = { minute: 1, minutes: 1, hour: 60, hours: 60, day: 1440, days: 1440 }

/** Snap's `expiry` and `page_expiry`, the methods to offer and where to send the buyer back. */
export function readSnap(body: Body): { methods: SnapMethod[], finishUrl: string | null, expiry: { startAt: number | null, milliseconds: number } | null, problems: string[] } {
  const problems: string[] = []
  const wanted = Array.isArray(body.enabled_payments) ? body.enabled_payments : null
  const methods = snapMethods.filter(method => !wanted || wanted.includes(method) || (method === 'other_qris' && wanted.includes('qris')))
  if (wanted && methods.length === 0) problems.push('enabled_payments contains no payment type that is active for this merchant')
  const given = body.expiry === undefined ? null : record(body.expiry)
  const minutes = given ? Number(given.duration) * (minuteOf[String(given.unit)] ?? Number.NaN) : 0
  const startAt = given?.start_time === undefined ? null : parseTime(String(given.start_time))
  if (given && !Number.isFinite(minutes)) problems.push('expiry.unit or expiry.duration is invalid')
  else if (given && (minutes < 5 || minutes > 7 * 1440)) problems.push('expiry duration must be between 5 minutes and 7 days')
  if (startAt !== null && Number.isNaN(startAt)) problems.push('expiry.start_time format is invalid. Please use yyyy-MM-dd HH:mm:ss Z')
  const finish = record(body.callbacks).finish
  return { methods, finishUrl: typeof finish === 'string' ? finish : null, expiry: given ? { startAt, milliseconds: minutes * 60_000 } : null, problems }
}

/** Core API's `custom_expiry`; null when it is not given. Without an `order_time` it runs from the transaction's own time. */
export function readCustomExpiry(body: Body, now: number): number | null {
  const given = body.custom_expiry === undefined ? null : record(body.custom_expiry)
  if (!given) return null
  const start = given.order_time === undefined ? now : parseTime(String(given.order_time))
  const minutes = Number(given.expiry_duration) * (minuteOf[`${String(given.unit ?? 'minute')}`] ?? Number.NaN)
  return Number.isFinite(minutes) ? (Number.isNaN(start) ? Number.NaN : start) + minutes * 60_000 : Number.NaN
}

/** Mandiri's bill payment wants two texts for the ATM's screen: ten and thirty characters at most. */
export function readEchannel(body: Body): string[] {
  const given = record(body.echannel)
  const limits = { bill_info1: 10, bill_info2: 30 } as const
  return Object.entries(limits).flatMap(([name, limit]) => {
    const text = given[name]
    return typeof text === 'string' && text.length > 0 && text.length <= limit ? [] : [`echannel.${name} must be 1 to ${limit} characters`]
  })
}
