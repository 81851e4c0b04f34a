import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import type { PaymentDeps } from './deps.ts'
import { hintPayment, movePayment } from './move-payment.ts'
import type { Payment, PaymentStores } from './ports.ts'
import { refundTransitions } from './refund-lifecycle.ts'
import { isWholeReturned } from './refund.ts'
import type { NewRefund, Refund } from './refund-ports.ts'

type Change = Parameters<PaymentStores['refunds']['setStatus']>[2]
/** A row before any approval. */
export const asRefund = (refund: NewRefund): Refund => ({ ...refund, approvedBy: null, approvedByName: null, approvedAt: null, checkedAt: null, finishedAt: null, problem: null, notedAt: null, notedByName: null })

/** Pages of the client and of staff that show this refund ask again. */
export function hintRefund(stores: PaymentStores, refund: Pick<Refund, 'id' | 'clientId' | 'paymentId'>): void {
  for (const audience of [{ userId: refund.clientId }, 'staff'] as const) stores.live.publish({ audience, name: 'payment', id: refund.paymentId ?? refund.id })
}

/** Changes the state of a locked refund and leaves the row that says why. Answers it as it is now. @throws RangeError for a pair that the lifecycle does not know */
export async function moveRefund(stores: PaymentStores, refund: Refund, to: Refund['status'], cause: string, actor: Actor, at: Date, change: Change = {}): Promise<Refund> {
  if (!refundTransitions[refund.status].includes(to)) throw new RangeError(`refund may not go from ${refund.status} to ${to}`)
  await stores.refunds.setStatus(refund.id, to, change)
  await stores.transitions.record({ entity: 'refund', entityId: refund.id, from: refund.status, to, cause, actor: actorLabel(actor), at })
  hintRefund(stores, refund)
  return { ...refund, ...change, status: to }
}

/** How the ledger is to book a refund of a payment. */
export function returnOf(refund: Refund, payment: Payment, others: readonly Refund[], actor: Actor, at: Date) {
  const way = refund.kind === 'credit' ? 'credit' as const : refund.kind === 'manual' || payment.gateway === null ? 'bank' as const : 'gateway' as const
  const back = refund.kind === 'chargeback'
  const whole = isWholeReturned(payment.settledAmount ?? payment.amount, [...others.filter(other => other.id !== refund.id), { ...refund, status: 'done' }])
  return {
    // Given as credit it would be given twice; kept by choice it stays earned.
    feeInvoiceId: whole && way !== 'credit' && refund.consequence === 'reopen' ? payment.feeInvoiceId : null,
    returnId: refund.id, paymentId: payment.id, invoiceId: payment.invoiceId, clientId: payment.clientId, gateway: payment.gateway, amount: refund.amount, at, actor, way, consequence: refund.consequence,
    earlier: others.filter(other => other.id !== refund.id && (other.status === 'done' || other.status === 'reversed')).map(other => other.id),
    cause: back ? 'payment_reversed' as const : 'refund' as const, word: back ? 'charged_back' as const : 'refunded' as const, mail: back ? 'payment_charged_back' as const : 'payment_refunded' as const,
  }
}

export interface Finishing { readonly refund: Refund, /** Locked; null for credit that is paid out. */ readonly payment: Payment | null, /** Of the same payment. */ readonly others: readonly Refund[], readonly cause: string, readonly actor: Actor, /** We decide: refused when nothing can bear it. */ readonly strict: boolean }

/**
 * The money went, or is the client's credit now: books it and closes the refund, in the caller's transaction. A payment of which nothing
 * is left turns refunded (or charged back). @throws AppError refund_not_covered, credit_insufficient (strict only)
 */
export const finishRefund = (deps: PaymentDeps) => async (stores: PaymentStores, { refund, payment, others, cause, actor, strict }: Finishing): Promise<Refund> => {
  const at = deps.clock.now()
  const booking = payment && returnOf(refund, payment, others, actor, at)
  if (booking) await deps.returnMoney(stores, { ...booking, strict })
  else await deps.payOutCredit(stores, { payoutId: refund.id, clientId: refund.clientId, amount: refund.amount, reference: refund.reference ?? refund.id, actor })
  const done = await moveRefund(stores, refund, 'done', cause, actor, at, { finishedAt: at, problem: null })
  if (!payment || !booking) return done
  const all = [...others.filter(other => other.id !== done.id), done]
  if (payment.status === 'settled' && isWholeReturned(payment.settledAmount ?? payment.amount, all)) await movePayment(stores, payment, done.kind === 'chargeback' ? 'charged_back' : 'refunded', cause, actor, at, booking.feeInvoiceId ? { feeInvoiceId: null } : {})
  else hintPayment(stores, payment)
  return done
}
