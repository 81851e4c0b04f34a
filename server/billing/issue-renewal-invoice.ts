import { isZero, negate } from '#shared/money/money.ts'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import type { BillingDeps } from './deps.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores, InvoiceLine, Subscription } from './ports.ts'
import { renewalPrice } from './renewal-price.ts'
import type { PriceTerms } from './renewal-price.ts'
import { renewalDueAt } from './service-plan.ts'

interface Renewal { readonly service: Subscription, readonly terms: PriceTerms, readonly periodStart: Date, readonly actor: Actor }

/**
 * Issues the invoice of the period that follows what is paid; the service is locked by the caller, `terms` were read under that lock. One
 * per service and period start: the claim is unique. A pending price whose day has come is the service's price from now on; codes that
 * still run are discount lines. A price of 0 makes no invoice, only the period.
 */
export const issueRenewalInvoice = (deps: BillingDeps) => async (stores: BillingStores, { service, terms, periodStart, actor }: Renewal): Promise<void> => {
  const { calendar } = deps.rules
  const now = deps.clock.now()
  const periodEnd = calendar.periodEnd(periodStart, monthsOfCycle[service.cycle], service.anchorDay ?? calendar.dayOf(periodStart).day)
  const period = { serviceId: service.id, periodStart, periodEnd }
  const { price, change, discounts } = renewalPrice(terms, periodStart)
  if (change) await stores.subscriptions.applyPrice(service.id, change, now)
  if (isZero(price)) {
    await stores.invoices.claimRenewal({ ...period, invoiceId: null })
    await stores.subscriptions.addPeriod({ ...period, invoiceId: null, amount: price })
    return
  }
  const line = { serviceId: service.id, periodStart, periodEnd }
  await issueInvoice(deps)(stores, {
    clientId: service.clientId, orderId: null, dueAt: renewalDueAt(periodStart, now, deps.rules), actor,
    lines: [
      { ...line, kind: 'service', description: `${service.productName} · ${service.hostname}`, amount: price },
      ...discounts.map(({ promoId, label, amount }): InvoiceLine => ({ ...line, kind: 'discount', description: label, amount: negate(amount), promoId })),
    ],
    claim: invoiceId => stores.invoices.claimRenewal({ ...period, invoiceId }),
  })
}
