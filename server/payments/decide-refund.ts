import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BookPayment } from '../billing/ports.ts'
import type { PaymentDeps } from './deps.ts'
import { moveRefund } from './finish-refund.ts'
import { movePayment } from './move-payment.ts'
import type { Payment, PaymentStores } from './ports.ts'
import { exceedsSettled } from './refund.ts'
import type { Refund, StaffActor } from './refund-ports.ts'
import { carryOut } from './request-refund.ts'
import { takeBuyerFee } from './take-buyer-fee.ts'

interface Decision { readonly refundId: string, readonly actor: StaffActor }

/** Locks a refund behind its invoice and payment. @throws AppError not_found */
async function lockRefund(stores: PaymentStores, refundId: string): Promise<{ refund: Refund, payment: Payment | null }> {
  const place = await stores.refunds.find(refundId)
  if (!place) throw new AppError('not_found')
  const payment = place.paymentId === null ? null : await stores.payments.lock(place.paymentId)
  const refund = await stores.refunds.lock(refundId)
  if (!refund) throw new AppError('not_found')
  return { refund, payment }
}

const waits = (refund: Refund) => refund.status === 'requested' && refund.needsApproval && refund.approvedAt === null
const refuse = (refund: Refund, to: string) => new AppError('transition_refused', { params: { from: refund.status, to } })

/**
 * The second person says yes: it is carried out as if it had been small.
 * @throws AppError not_found, transition_refused (decided already), second_person_required (asked for by the same person), refund_exceeds (taken back otherwise meanwhile), refund_not_covered, credit_insufficient
 */
export const approveRefund = (deps: PaymentDeps) => ({ refundId, actor }: Decision): Promise<void> => deps.transact(async (stores) => {
  const { refund, payment } = await lockRefund(stores, refundId)
  if (!waits(refund)) throw refuse(refund, 'done')
  if (refund.requestedBy === actor.id) throw new AppError('second_person_required')
  const known = payment ? await stores.refunds.ofPayment(payment.id) : []
  if (payment && exceedsSettled(payment.settledAmount ?? payment.amount, known)) throw new AppError('refund_exceeds')
  const approval = { approvedBy: actor.id, approvedByName: actor.name, approvedAt: deps.clock.now() }
  await stores.refunds.change(refundId, approval)
  await stores.audit.record({ actor, action: 'refund.approve', entity: 'refund', entityId: refundId, after: { amount: refund.amount.amount.toString(), kind: refund.kind } })
  await carryOut(deps, stores, { refund: { ...refund, ...approval }, payment, known, actor })
  stores.live.publish({ audience: 'staff', name: 'payment', id: payment?.id ?? refundId })
})

/** Takes back what waits for a second person; whoever asked for it may, too. @throws AppError not_found, transition_refused */
export const declineRefund = (deps: PaymentDeps) => ({ refundId, actor, reason }: Decision & { readonly reason: string }): Promise<void> => deps.transact(async (stores) => {
  const { refund } = await lockRefund(stores, refundId)
  if (!waits(refund)) throw refuse(refund, 'failed')
  const at = deps.clock.now()
  await moveRefund(stores, refund, 'failed', 'declined', actor, at, { finishedAt: at, problem: reason, notedAt: at, notedByName: actor.name })
  await stores.audit.record({ actor, action: 'refund.decline', entity: 'refund', entityId: refundId, after: { reason } })
})

/** Staff have seen what nobody here asked for (found at the gateway, charged back) or what failed: it is no task any more. @throws AppError not_found */
export const noteRefund = (deps: PaymentDeps) => ({ refundId, actor }: Decision): Promise<void> => deps.transact(async (stores) => {
  const { refund } = await lockRefund(stores, refundId)
  if (refund.notedAt !== null) return
  await stores.refunds.change(refundId, { notedAt: deps.clock.now(), notedByName: actor.name })
  await stores.audit.record({ actor, action: 'refund.note', entity: 'refund', entityId: refundId })
  stores.live.publish({ audience: 'staff', name: 'payment', id: refund.paymentId ?? refundId })
})

/**
 * A charge-back was won: the money is with the gateway (or bank) again and pays the invoice, as far as that still asks for it; the rest is
 * credit. @throws AppError not_found, transition_refused (no charge-back, or decided already)
 */
export const winChargeback = (deps: PaymentDeps & { readonly bookPayment: BookPayment }) => ({ refundId, actor, reason }: Decision & { readonly reason: string }): Promise<void> => deps.transact(async (stores) => {
  const { refund, payment } = await lockRefund(stores, refundId)
  if (refund.kind !== 'chargeback' || refund.status !== 'done' || !payment) throw refuse(refund, 'reversed')
  const at = deps.clock.now()
  const by: Actor = actor
  await moveRefund(stores, refund, 'reversed', reason, by, at, { finishedAt: at, notedAt: at, notedByName: actor.name })
  if (payment.status === 'charged_back') await movePayment(stores, payment, 'settled', 'chargeback_won', by, at)
  const booked = await deps.bookPayment(stores, { paymentId: refund.id, invoiceId: payment.invoiceId, clientId: payment.clientId, gateway: payment.gateway, amount: refund.amount, at, actor: by })
  // It was credited when all of the payment had gone back.
  if (payment.status === 'charged_back' && payment.feeInvoiceId === null) await takeBuyerFee(deps, stores, payment, booked, by)
  await stores.audit.record({ actor, action: 'refund.chargeback_won', entity: 'refund', entityId: refundId, after: { amount: refund.amount.amount.toString(), reason } })
})
