import { compare } from '#shared/money/money.ts'
import type { PaymentStatus } from '#shared/vocabulary/payments.ts'
import type { GatewayState, Payment } from './ports.ts'

/** What may follow what. Money that comes late is never refused: expired, failed and denied attempts may still settle. */
export const paymentTransitions: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  created: ['pending', 'settled', 'expired', 'failed', 'denied'],
  pending: ['settled', 'expired', 'failed', 'denied'],
  settled: ['refunded', 'charged_back', 'denied'],
  expired: ['settled'],
  failed: ['settled'],
  denied: ['settled'],
  refunded: [],
  charged_back: [],
}
export const initialPaymentStatus: PaymentStatus = 'created'
export const isOpen = (status: PaymentStatus): boolean => status === 'created' || status === 'pending'

/** `park`: a person must look at it; nothing is booked. */
export type PaymentDecision
  = { readonly act: 'none', readonly note: string }
    | { readonly act: 'park', readonly reason: 'other_order' | 'wrong_amount' | 'needs_review' | 'settled_again' | 'refund_without_settlement' }
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
    case 'settled': return decideSettlement(payment, known)
  }
}

function decideReturn(payment: Facts, word: 'denied' | 'refunded' | 'charged_back', known: PaymentDecision): PaymentDecision {
  if (payment.status === 'settled') return { act: 'move', to: word, money: 'reverse' }
  if (word === 'denied') return isOpen(payment.status) ? { act: 'move', to: 'denied', money: null } : known
  return payment.status === 'refunded' || payment.status === 'charged_back' ? known : { act: 'park', reason: 'refund_without_settlement' }
}

function decideSettlement(payment: Facts, known: PaymentDecision): PaymentDecision {
  if (!paymentTransitions[payment.status].includes('settled')) return known
  // Booked and taken back before: whether the money is here now is for Finance to find out.
  return payment.settledAt === null ? { act: 'move', to: 'settled', money: 'book' } : { act: 'park', reason: 'settled_again' }
}
