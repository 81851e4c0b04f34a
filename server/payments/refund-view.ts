import type { z } from 'zod'
import type { clientRefundView, refundablePaymentView, refundView } from '#shared/contracts/refunds.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Payment } from './ports.ts'
import { gatewayRefundAbility, refundable } from './refund.ts'
import type { GatewayRefunds, Refund, RefundListItem, StaffActor } from './refund-ports.ts'

export type RefundView = z.input<typeof refundView>

/** A refund as staff see it; `actor` is who reads. */
export function toRefundView(refund: RefundListItem, actor: StaffActor): RefundView {
  const { paidOn, createdAt, finishedAt } = refund
  const waits = refund.status === 'requested' && refund.needsApproval && refund.approvedAt === null
  return {
    id: refund.id, paymentId: refund.paymentId, invoiceId: refund.invoiceId, invoiceNumber: refund.invoiceNumber, clientId: refund.clientId, clientName: refund.clientName, gateway: refund.gateway, method: refund.method, kind: refund.kind, status: refund.status, consequence: refund.consequence, amount: toMoneyJson(refund.amount),
    found: refund.found, beyond: refund.found && refund.status === 'done' && refund.beyond.amount > 0n ? toMoneyJson(refund.beyond) : null, reason: refund.reason, reference: refund.reference, paidOn: paidOn?.toISOString() ?? null, refundKey: refund.refundKey, requestedByName: refund.requestedByName, approvedByName: refund.approvedByName,
    waits, mayApprove: waits && refund.requestedBy !== actor.id, createdAt: createdAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null, problem: refund.problem, noted: refund.notedAt !== null,
  }
}

export const toClientRefundView = ({ id, kind, status, consequence, amount, createdAt, finishedAt }: Refund): z.input<typeof clientRefundView> => ({ id, kind, status, consequence, amount: toMoneyJson(amount), createdAt: createdAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null })

/** What of a payment can be given back now, and whether its gateway can do it. */
export function toRefundablePayment(payment: Payment, refunds: readonly Refund[], byGateway: GatewayRefunds | undefined, now: Date): z.input<typeof refundablePaymentView> {
  const settled = payment.settledAmount ?? payment.amount
  const { until, ...ability } = gatewayRefundAbility(byGateway, payment, now)
  return {
    id: payment.id, gateway: payment.gateway, method: payment.method, channel: payment.channel, status: payment.status, settledAt: payment.settledAt?.toISOString() ?? null, settled: toMoneyJson(settled),
    left: toMoneyJson(payment.status === 'settled' ? refundable(settled, refunds) : { ...settled, amount: 0n }), byGateway: { ...ability, until: until?.toISOString() ?? null },
  }
}
