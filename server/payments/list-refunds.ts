import { AppError } from '#shared/errors/codes.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import type { Clock } from '../kernel/ports.ts'
import { atGateway } from './payment.ts'
import type { Gateways, PaymentStore } from './ports.ts'
import { approvalAbove } from './refund.ts'
import type { RefundFilter, RefundStore, StaffActor } from './refund-ports.ts'
import { toClientRefundView, toRefundablePayment, toRefundView } from './refund-view.ts'

interface Deps { readonly payments: PaymentStore, readonly refunds: RefundStore, readonly gateways: Gateways, readonly clock: Clock, readonly readCredit: (clientId: string) => Promise<bigint> }

export const listRefunds = ({ refunds }: Deps) => async ({ actor, ...filter }: RefundFilter & { readonly actor: StaffActor }) => {
  const page = await refunds.list(filter)
  return { ...page, items: page.items.map(refund => toRefundView(refund, actor)) }
}

/** One refund as staff see it. @throws AppError not_found */
export const showRefund = ({ refunds }: Deps) => async ({ refundId, actor }: { readonly refundId: string, readonly actor: StaffActor }) => {
  const refund = await refunds.findListed(refundId)
  if (!refund) throw new AppError('not_found')
  return toRefundView(refund, actor)
}

/** What of an invoice's payments can be given back, and by which ways. An invoice without settled payments has none. */
export const showRefundable = ({ payments, refunds, gateways, clock }: Deps) => async ({ invoiceId }: { readonly invoiceId: string }) => {
  const settled = await payments.listSettled(invoiceId)
  const known = Map.groupBy(await refunds.ofPayments(settled.map(payment => payment.id)), refund => refund.paymentId)
  return { payments: await Promise.all(settled.map(async payment => toRefundablePayment(payment, known.get(payment.id) ?? [], (await atGateway(gateways, payment))?.gateway.refund, clock.now()))), approvalAbove: toMoneyJson(approvalAbove) }
}

/** A client's credit, and what of it nothing waits to take. */
export const showClientCredit = ({ refunds, readCredit }: Deps) => async ({ clientId }: { readonly clientId: string }) => {
  const [balance, reserved] = [await readCredit(clientId), await refunds.creditReserved(clientId)]
  return { balance: toMoneyJson(money(balance)), free: toMoneyJson(money(balance > reserved ? balance - reserved : 0n)) }
}

/** What a client sees on an invoice; a foreign one is answered like one that does not exist. What waits or failed inside the house is not told. @throws AppError not_found */
export const listInvoiceRefunds = ({ payments, refunds }: Deps) => async ({ invoiceId, clientId }: { readonly invoiceId: string, readonly clientId: string }) => {
  if (await payments.statusOfInvoice(invoiceId, clientId) === null) throw new AppError('not_found')
  const settled = await payments.listSettled(invoiceId)
  const known = await refunds.ofPayments(settled.map(payment => payment.id))
  return { items: known.filter(refund => refund.status === 'pending' || refund.status === 'done' || refund.status === 'reversed').map(toClientRefundView) }
}
