import { compare } from '#shared/money/money.ts'
import type { PaymentStatus } from '#shared/vocabulary/payments.ts'
import type { GatewayState, Payment } from './ports.ts'

/** What may follow what. Money that comes late is never refused: expired, failed and denied attempts may still settle. A charge-back may be won. */
export const paymentTransitions: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  created: ['pending', 'settled', 'expired', 'failed', 'denied'],
  pending: ['settled', 'expired', 'failed', 'denied'],
  settled: ['refunded', 'charged_back', 'denied'],
  expired: ['settled'],
  failed: ['settled'],
  denied: ['settled'],
  refunded: [],
  charged_back: ['settled'],
}
export const initialPaymentStatus: PaymentStatus = 'created'
/** Its money was booked and not denied, whatever of it went back since. */
export const wasSettled = (status: PaymentStatus): boolean => status === 'settled' || status === 'refunded' || status === 'charged_back'
export const isOpen = (status: PaymentStatus): boolean => status === 'created' || status === 'pending'

/** `park`: a person must look at it; nothing is booked. */
export type PaymentDecision
  = { readonly act: 'none', readonly note: string }
    | { readonly act: 'park', readonly reason: 'other_order' | 'wrong_amount' | 'needs_review' | 'settled_again' | 'refund_without_settlement' }
    /** A part or all of it went back: see `decideReturns`. */
    | { readonly act: 'return' }
    | { readonly act: 'move', readonly to: PaymentStatus, readonly money: 'book' | 'reverse' | null }

type Facts = Pick<Payment, 'status' | 'amount' | 'gatewayOrderId' | 'settledAt'>

/**
 * What the gateway's word, as read back, makes of an attempt. Words may come late, twice and in any order: what is behind the attempt's
 * own state changes nothing (`expire` after `settlement`), the only step back is a settlement that the gateway denies or returns.
 */
export function decidePayment(payment: Facts, state: GatewayState): PaymentDecision {
  if (state.orderId !== payment.gatewayOrderId) return { act: 'park', reason: 'other_order' }
  if (state.amount.currency !== payment.amount.currency || compare(state.amount, payment.amount) !== 0) return { act: 'park', reason: 'wrong_amount' }
  const known: PaymentDecision = { act: 'none', note: `${state.status}: the payment is ${payment.status}` }
  switch (state.status) {
    case 'pending': return known
    case 'review': return { act: 'park', reason: 'needs_review' }
    case 'expired': case 'failed': return isOpen(payment.status) ? { act: 'move', to: state.status, money: null } : known
    case 'denied': case 'refunded': case 'charged_back': return decideReturn(payment, state.status, known)
    case 'settled': return decideSettlement(payment, state, known)
  }
}

function decideReturn(payment: Facts, word: 'denied' | 'refunded' | 'charged_back', known: PaymentDecision): PaymentDecision {
  if (word === 'denied') return payment.status === 'settled' ? { act: 'move', to: word, money: 'reverse' } : isOpen(payment.status) ? { act: 'move', to: 'denied', money: null } : known
  return wasSettled(payment.status) ? { act: 'return' } : { act: 'park', reason: 'refund_without_settlement' }
}

function decideSettlement(payment: Facts, { refunds }: GatewayState, known: PaymentDecision): PaymentDecision {
  // Beside money that is here a gateway may list what was to go back of it, and did not.
  if (refunds?.length && wasSettled(payment.status)) return { act: 'return' }
  if (!paymentTransitions[payment.status].includes('settled')) return known
  // Booked and taken back before: whether the money is here now is for Finance to find out.
  return payment.settledAt === null ? { act: 'move', to: 'settled', money: 'book' } : { act: 'park', reason: 'settled_again' }
}
