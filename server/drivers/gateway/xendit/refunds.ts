import { DriverError } from '#shared/errors/driver-error.ts'
import type { PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayReturn } from '#server/payments/refund-ports.ts'
import { readAmount } from './transform.ts'
import type { RefundList } from './schema.ts'

/**
 * Days after the settlement within which Xendit takes refunds of its page's payments (its help pages on QR codes say 30; other channels
 * have shorter windows by brand, which it refuses with a reason). Virtual accounts never.
 */
export const refundDays = (method: PaymentMethod): number | null => method === 'xendit' || method === 'qris' ? 30 : null

/** No order id has it. */
const separator = ':'
/** A refund's webhook names nothing but the refund: its reference leads with the order, so that it says whose it is. */
export const refundReference = (orderId: string, refundKey: string): string => `${orderId}${separator}${refundKey}`
/** The order that a reference is about: of a refund of ours the part before the key. */
export const orderOfReference = (reference: string): string => reference.split(separator, 1)[0] ?? reference

/** Everything that went back or was to. Ours is known by its reference, what was made on the dashboard by Xendit's own id. @throws DriverError permanent for more than a page, which cannot be told apart from all of it */
export function readReturns(orderId: string, { data, has_more: more }: RefundList): GatewayReturn[] {
  if (more) throw new DriverError('permanent', `Xendit: more refunds of ${orderId} than one page shows`)
  const own = refundReference(orderId, '')
  return data.map(({ id, reference_id: reference, status, amount, currency, failure_code: code }) => {
    const word = status.toUpperCase()
    const over = word === 'FAILED' || word === 'CANCELLED'
    return { key: reference?.startsWith(own) ? reference.slice(own.length) : id, kind: 'refund', amount: readAmount(amount, currency), confirmed: word === 'SUCCEEDED', ...(over ? { refused: `Xendit: ${word} ${code ?? ''}`.trim() } : {}) }
  })
}
