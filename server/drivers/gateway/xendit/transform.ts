import { DriverError } from '#shared/errors/driver-error.ts'
import { currencies, money } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { PaymentMethod } from '#shared/vocabulary/payments.ts'
import type { GatewayCharge, GatewayState } from '#server/payments/ports.ts'
import type { GatewayReturn } from '#server/payments/refund-ports.ts'
import type { PaymentRequest, Session } from './schema.ts'

/** `111000`, `"111000"` or `"111000.00"`; never a float. @throws DriverError permanent for cents and for currencies that Gardu does not book */
export function readAmount(given: number | string, currency: string): Money {
  const text = typeof given === 'number' ? (Number.isSafeInteger(given) ? String(given) : 'a fraction') : given
  const [, whole] = /^(\d{1,18})(?:\.0+)?$/.exec(text) ?? []
  const known = currencies.find(candidate => candidate === currency)
  if (whole === undefined || !known) throw new DriverError('permanent', `Xendit: ${given} ${currency} is not an amount of whole Rupiah`)
  return money(BigInt(whole), known)
}

const clean = (text: string, limit: number) => text.replace(/\p{Cc}/gu, ' ').trim().slice(0, limit).trim()
const minutes = (n: number) => n * 60_000
/** Xendit wants at least ten minutes by its own clock; ours may be a little behind. */
const shortestLife = minutes(11)

/**
 * A payment session with a hosted page. Lines add up to the amount; return addresses are given only where they are https, others are
 * refused; the metadata stays within the narrower of the two limits that the vendor names (values of 80). `wallNow`: Xendit's `expires_at`
 * is a moment of real time, business time may be moved.
 *
 * Xendit knows no idempotency key here and refuses no second session for the same reference, but a customer's reference is unique: made
 * from the order id, it lets one order make one session (409 for the second).
 */
export function sessionBody(charge: GatewayCharge, wallNow: Date) {
  const amount = Number(charge.amount.amount)
  if (!Number.isSafeInteger(amount) || amount < 1) throw new DriverError('permanent', `Xendit: ${charge.amount.amount} cannot be charged`)
  if (!/^[\w.~-]{1,64}$/.test(charge.orderId)) throw new DriverError('permanent', `Xendit: ${charge.orderId} is not a reference it takes`)
  if (charge.lines.reduce((sum, line) => sum + line.amount.amount, 0n) !== charge.amount.amount) throw new DriverError('permanent', 'Xendit: the lines do not add up to the amount')
  const { email, phone } = charge.buyer
  const life = Math.max(shortestLife, charge.expiresAt.getTime() - charge.now.getTime())
  return {
    reference_id: charge.orderId, session_type: 'PAY', mode: 'PAYMENT_LINK', capture_method: 'AUTOMATIC', amount, currency: charge.amount.currency, country: 'ID', locale: charge.locale,
    expires_at: new Date(wallNow.getTime() + life).toISOString(), description: clean(charge.orderId, 100), metadata: { order: clean(charge.orderId, 80) },
    customer: {
      reference_id: charge.orderId.replace(/[^A-Za-z0-9]/g, ''), type: 'INDIVIDUAL', individual_detail: { given_names: clean(charge.buyer.name, 50) || 'Pelanggan' },
      ...(email.length > 0 && email.length <= 50 ? { email } : {}), ...(phone && /^\+[1-9]\d{7,14}$/.test(phone) ? { mobile_number: phone } : {}),
    },
    items: charge.lines.map((line) => {
      const tax = line.id.endsWith('ppn')
      return { reference_id: clean(line.id, 255), type: tax ? 'FEE' : 'DIGITAL_SERVICE', name: clean(line.name, 255) || 'Gardu', net_unit_amount: Number(line.amount.amount), quantity: 1, category: tax ? 'TAX' : 'HOSTING' }
    }),
    ...(charge.returnUrl.startsWith('https://') ? { success_return_url: charge.returnUrl, cancel_return_url: charge.returnUrl } : {}),
  }
}

const parseInstant = (text: string | null | undefined): Date | null => {
  const at = text ? new Date(text) : null
  return at && !Number.isNaN(at.getTime()) ? at : null
}

/** When the page really lapses, by the distance of Xendit's own times; never later than asked. */
export function readExpiry(answer: Session, charge: GatewayCharge): Date {
  const [from, to] = [parseInstant(answer.created), parseInstant(answer.expires_at)]
  const theirs = from && to && to > from ? charge.now.getTime() + (to.getTime() - from.getTime()) : charge.expiresAt.getTime()
  return new Date(Math.min(theirs, charge.expiresAt.getTime()))
}

/** Of the channels of Xendit's page those that Gardu has a word for. */
const channels: Readonly<Record<string, PaymentMethod>> = { QRIS: 'qris', BCA_VIRTUAL_ACCOUNT: 'bca_va', BNI_VIRTUAL_ACCOUNT: 'bni_va', BRI_VIRTUAL_ACCOUNT: 'bri_va', PERMATA_VIRTUAL_ACCOUNT: 'permata_va', CIMB_VIRTUAL_ACCOUNT: 'cimb_va' }
const ofSession: Record<string, GatewayState['status']> = { ACTIVE: 'pending', COMPLETED: 'review', EXPIRED: 'expired', CANCELED: 'failed' }
/** What a payment that is known makes of a session that is over: unfinished money may still arrive. */
const undecided = new Set(['AUTHORIZED', 'PENDING', 'REQUIRES_ACTION', 'ACCEPTING_PAYMENTS'])

/**
 * The session tells how far the checkout came, the payment whether money moved: a payment that succeeded settles whatever the session
 * says, and a session that claims completion without such a payment needs a person (`review`), as do words we do not know.
 */
export function readState(session: Session, payment: PaymentRequest | null, refunds: readonly GatewayReturn[] = []): GatewayState {
  const common = { gatewayTransactionId: session.payment_session_id, orderId: session.reference_id }
  if (payment?.status.toUpperCase() === 'SUCCEEDED') {
    const captured = payment.captures?.map(capture => readAmount(capture.capture_amount, payment.currency).amount) ?? []
    const asked = readAmount(payment.request_amount, payment.currency)
    const channel = payment.channel_code ? channels[payment.channel_code.toUpperCase()] : undefined
    const went = refunds.some(refund => refund.refused === undefined)
    return { ...common, status: went ? 'refunded' : 'settled', ...(channel ? { channel } : {}), ...(refunds.length > 0 ? { refunds } : {}), amount: captured.length > 0 ? money(captured.reduce((sum, one) => sum + one, 0n), asked.currency) : asked, settledAt: parseInstant(payment.updated) }
  }
  const word = session.status.toUpperCase()
  const status = word === 'COMPLETED' && payment && undecided.has(payment.status.toUpperCase()) ? 'pending' : ofSession[word] ?? 'review'
  return { ...common, status, amount: readAmount(session.amount, session.currency), settledAt: null }
}
