import { money, negate, sum, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import { hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { paymentEntry, splitPayment } from './ledger.ts'
import type { JournalLine, PaymentSplit } from './ledger.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Invoice, PaymentBooking } from './ports.ts'
import { settleInvoice } from './settle-invoice.ts'

/** How a booked payment was divided, read off its journal lines. */
export const splitOf = (lines: readonly JournalLine[]): PaymentSplit => {
  const of = (account: JournalLine['account']) => negate(sum(lines.filter(line => line.account === account).map(line => line.amount)))
  return { toInvoice: of('receivable'), toCredit: of('client_credit') }
}
export const paymentCause = (gateway: PaymentBooking['gateway']) => gateway ? 'payment_received' as const : 'manual_payment' as const

/**
 * Books money that has reached us; see `BookPayment`. Only an issued invoice takes money. Overpayment, a second payment, money for a void
 * or uncollectible invoice and money after the end become the client's credit, with a mail and an audit row for Finance; no state jumps.
 */
export const bookPayment = (deps: BillingDeps) => async (stores: BillingStores, booking: PaymentBooking): Promise<{ toInvoice: Money, toCredit: Money, invoicePaid: boolean }> => {
  const invoice = await stores.invoices.lock(booking.invoiceId)
  if (!invoice) throw new RangeError(`payment ${booking.paymentId} names an invoice that does not exist`)
  if (invoice.total.currency !== booking.amount.currency) throw new RangeError(`payment ${booking.paymentId} is in ${booking.amount.currency}, its invoice in ${invoice.total.currency}`)
  const cause = paymentCause(booking.gateway)
  const booked = await stores.ledger.linesOf(cause, booking.paymentId)
  if (booked.length > 0) return { ...splitOf(booked), invoicePaid: invoice.status === 'paid' }
  const owed = invoice.status === 'issued' ? money((await stores.ledger.outstanding([invoice.id])).get(invoice.id) ?? 0n, invoice.total.currency) : zero(invoice.total.currency)
  const parts = splitPayment(booking.amount, owed)
  await stores.ledger.post(paymentEntry({ causeId: booking.paymentId, at: deps.clock.now(), memo: invoice.number ?? invoice.id, actor: actorLabel(booking.actor), clientId: invoice.clientId, invoiceId: invoice.id }, booking.gateway, parts))
  const settles = invoice.status === 'issued' && parts.toInvoice.amount === owed.amount
  if (settles) await settleInvoice(deps)(stores, { invoiceId: invoice.id, cause, causeId: booking.paymentId, actor: booking.actor })
  if (parts.toCredit.amount > (booking.expectedCredit?.amount ?? 0n)) await tellCredit(deps, stores, invoice, booking, parts.toCredit)
  hint(stores, 'invoice', invoice.id, invoice.clientId)
  return { ...parts, invoicePaid: settles || invoice.status === 'paid' }
}

async function tellCredit(deps: BillingDeps, stores: BillingStores, invoice: Invoice, booking: PaymentBooking, credit: Money) {
  await queueMail(deps, stores, { template: 'payment_to_credit', key: `payment-to-credit:${booking.paymentId}`, clientId: invoice.clientId, path: `/portal/invoices/${invoice.id}`, values: { number: invoice.number ?? '', amount: credit } })
  await stores.audit.record({ actor: booking.actor, action: 'billing.payment_to_credit', entity: 'invoice', entityId: invoice.id, after: { paymentId: booking.paymentId, credit: credit.amount.toString(), invoiceStatus: invoice.status } })
}
