import { isZero } from '#shared/money/money.ts'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores, Subscription } from './ports.ts'
import { renewalDueAt } from './service-plan.ts'

/**
 * Issues the invoice of the period that follows what is paid; the service is locked by the caller. One per service and period start: the
 * claim is unique. A price of 0 makes no invoice, only the period.
 */
export const issueRenewalInvoice = (deps: BillingDeps) => async (stores: BillingStores, { service, periodStart, actor }: { readonly service: Subscription, readonly periodStart: Date, readonly actor: Actor }): Promise<void> => {
  const { calendar } = deps.rules
  const now = deps.clock.now()
  const periodEnd = calendar.periodEnd(periodStart, monthsOfCycle[service.cycle], service.anchorDay ?? calendar.dayOf(periodStart).day)
  const period = { serviceId: service.id, periodStart, periodEnd }
  if (isZero(service.price)) {
    await stores.invoices.claimRenewal({ ...period, invoiceId: null })
    await stores.subscriptions.addPeriod({ ...period, invoiceId: null, amount: service.price })
    return
  }
  await issueInvoice(deps)(stores, {
    clientId: service.clientId, orderId: null, dueAt: renewalDueAt(periodStart, now, deps.rules), actor,
    lines: [{ kind: 'service', description: `${service.productName} · ${service.hostname}`, serviceId: service.id, periodStart, periodEnd, amount: service.price }],
    claim: invoiceId => stores.invoices.claimRenewal({ ...period, invoiceId }),
  })
}
