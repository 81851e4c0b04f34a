import type { Money } from '#shared/money/money.ts'
import { isRecurring, monthsOf } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { followPayment } from './apply-change.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { isDeposit } from './deposit.ts'
import { netOfService } from './invoice.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Invoice, InvoiceLine, Subscription } from './ports.ts'
import { followAlignment } from './follow-alignment.ts'
import { fixTerm } from './fixed-term.ts'
import { releaseFromDunning } from './release-from-dunning.ts'
import { creditDeposit } from './settle-deposit.ts'

export interface Settlement { readonly invoiceId: string, readonly cause: string, /** Makes the mail of this settlement one. */ readonly causeId: string, readonly actor: Actor, /** Another mail tells of it already. */ readonly quiet?: boolean }

/**
 * The ledger says that nothing is owed on an issued invoice: it becomes paid, each of its services gets the period it was for, and what
 * waited for the money goes on (first build, end of dunning, lifting of a suspension). The caller has locked the invoice and booked.
 */
export const settleInvoice = (deps: BillingDeps) => async (stores: BillingStores, { invoiceId, cause, causeId, actor, quiet = false }: Settlement): Promise<void> => {
  const now = deps.clock.now()
  const invoice = await stores.invoices.lock(invoiceId)
  if (!invoice || invoice.status !== 'issued') return
  await stores.invoices.setPaid(invoiceId, now)
  await recordTransition(stores, { entity: 'invoice', id: invoiceId, from: 'issued', to: 'paid', cause, actor, at: now })
  const lines = await stores.invoices.linesOf(invoiceId)
  const serviceIds = [...new Set(lines.flatMap(line => line.serviceId && line.kind === 'service' ? [line.serviceId] : []))].sort()
  for (const serviceId of serviceIds) await entitle(deps, stores, { invoice, lines, serviceId, actor, now })
  await followPayment(deps, stores, { invoiceId, actor })
  await followAlignment(deps, stores, { invoiceId, lines, actor })
  if (isDeposit(invoice)) await creditDeposit(deps)(stores, { invoice, causeId, actor })
  if (invoice.orderId) await advanceOrder(deps, stores, { orderId: invoice.orderId, cause: 'invoice_paid', actor, now })
  for (const paymentId of await stores.invoicePayments.liveOf(invoiceId)) await stores.outbox.emit('payments.cancel-due', { paymentId })
  if (!quiet) await queueMail(deps, stores, { template: 'invoice_paid', key: `invoice-paid:${invoiceId}:${causeId}`, clientId: invoice.clientId, path: `/portal/invoices/${invoiceId}`, values: { number: invoice.number ?? '', total: invoice.total, amount: invoice.total, paidOn: now } })
  hint(stores, 'invoice', invoiceId, invoice.clientId)
}

interface Entitlement { readonly invoice: Invoice, readonly lines: readonly InvoiceLine[], readonly serviceId: string, readonly actor: Actor, readonly now: Date }

async function entitle(deps: BillingDeps, stores: BillingStores, { invoice, lines, serviceId, actor, now }: Entitlement) {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service) return
  if (service.status === 'ended') {
    // Late money never revives what has ended; the invoice should have been closed with the service, so a person looks at it.
    await stores.audit.record({ actor, action: 'billing.paid_for_ended_service', entity: 'service', entityId: serviceId, after: { invoiceId: invoice.id } })
    return
  }
  // The invoice was paid before and a payment was taken back meanwhile: the period it is bound to exists.
  if (!await stores.subscriptions.hasPeriodOf(serviceId, invoice.id)) {
    const own = lines.filter(line => line.kind === 'service' && line.serviceId === serviceId)
    for (const line of own) await addPeriod(deps, stores, service, { invoice, line, now, amount: own.length === 1 ? netOfService(lines, serviceId) : line.amount })
  }
  await releaseFromDunning(stores, { service, cause: 'invoice_paid', actor, now })
  hint(stores, 'service', serviceId, service.clientId)
}

async function addPeriod(deps: BillingDeps, stores: BillingStores, service: Subscription, { invoice, line, amount, now }: Pick<Entitlement, 'invoice' | 'now'> & { readonly line: InvoiceLine, readonly amount: Money }) {
  const first = line.periodStart === null
  // Period 0 begins when it is paid; every later one where the one before it ended.
  const periodStart = line.periodStart ?? now
  const periodEnd = isRecurring(service.cycle) ? await endOfPeriod(deps, stores, service, { line, periodStart }) : null
  const added = await stores.subscriptions.addPeriod({ serviceId: service.id, periodStart, periodEnd, invoiceId: invoice.id, amount })
  if (added && first) await stores.outbox.emit('billing.service-paid', { serviceId: service.id, invoiceId: invoice.id })
}

/** When a period that begins ends; with the first one the day is set on which they turn, and the end of a fixed term. */
async function endOfPeriod(deps: BillingDeps, stores: BillingStores, service: Subscription, { line, periodStart }: { readonly line: InvoiceLine, readonly periodStart: Date }): Promise<Date> {
  const anchorDay = service.anchorDay ?? deps.rules.calendar.dayOf(periodStart).day
  if (service.anchorDay === null) await stores.subscriptions.setAnchorDay(service.id, anchorDay)
  if (line.periodStart === null) await fixTerm(deps, stores, service, { from: periodStart, anchorDay })
  return line.periodEnd ?? deps.rules.calendar.periodEnd(periodStart, monthsOf(service.cycle), anchorDay)
}

/** Nothing is left to pay for an order: it is paid, what it reserved is committed, and it waits for what is built. */
export async function advanceOrder(deps: BillingDeps, stores: BillingStores, { orderId, cause, actor, now }: { readonly orderId: string, readonly cause: string, readonly actor: Actor, readonly now: Date }): Promise<void> {
  const order = await stores.orderStates.lock(orderId)
  if (!order || order.status !== 'placed') return
  for (const [from, to] of [['placed', 'paid'], ['paid', 'fulfilling']] as const) {
    await stores.orderStates.setStatus(orderId, to)
    await recordTransition(stores, { entity: 'order', id: orderId, from, to, cause, actor, at: now })
  }
  await deps.hooks().onOrderPaid?.(stores, orderId)
}
