import { isZero, negate } from '#shared/money/money.ts'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { endOpenChange } from './close-change.ts'
import type { BillingDeps } from './deps.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { BillingStores, InvoiceLine, Subscription } from './ports.ts'
import { renewalPrice } from './renewal-price.ts'
import type { PriceTerms } from './renewal-price.ts'
import { renewalDueAt } from './service-plan.ts'

interface Renewal { readonly service: Subscription, /** With the price of the change that waits, if one does. */ readonly terms: PriceTerms, readonly periodStart: Date, readonly actor: Actor, /** Of the invoice that this one takes the place of. */ readonly dueAt?: Date }

/**
 * Issues the invoice of the period that follows what is paid; the service is locked by the caller, `terms` were read under that lock. One
 * per service and period start: the claim is unique. A change that waits for the renewal gives it its product, price and cycle; else a
 * pending price whose day has come is the service's price from now on. Codes that still run are discount lines. A price of 0 makes no
 * invoice, only the period.
 */
export const issueRenewalInvoice = (deps: BillingDeps) => async (stores: BillingStores, { service, terms, periodStart, actor, dueAt }: Renewal): Promise<void> => {
  const { calendar } = deps.rules
  const now = deps.clock.now()
  // An upgrade that is not paid when the renewal is due was reckoned without it: it is over, and may be asked for again.
  const open = await stores.changes.openOf(service.id)
  if (open?.status === 'waiting' && open.timing === 'now') await endOpenChange(deps, stores, { serviceId: service.id, reason: 'renewal_issued', actor })
  const change = open?.status === 'waiting' && open.timing === 'renewal' ? open : null
  const { cycle, productName } = change?.to ?? service
  const periodEnd = calendar.periodEnd(periodStart, monthsOfCycle[cycle], service.anchorDay ?? calendar.dayOf(periodStart).day)
  const period = { serviceId: service.id, periodStart, periodEnd }
  const { price, change: pending, discounts } = renewalPrice(terms, periodStart)
  if (pending) await stores.subscriptions.applyPrice(service.id, pending, now)
  const claim = async (invoiceId: string | null) => {
    await stores.invoices.claimRenewal({ ...period, invoiceId })
    if (change?.startsAt === null) await stores.changes.setRenewal(change.id, { invoiceId, startsAt: periodStart })
  }
  if (isZero(price)) {
    await claim(null)
    await stores.subscriptions.addPeriod({ ...period, invoiceId: null, amount: price })
    return
  }
  const line = { serviceId: service.id, periodStart, periodEnd }
  await issueInvoice(deps)(stores, {
    clientId: service.clientId, orderId: null, dueAt: dueAt ?? renewalDueAt(periodStart, now, deps.rules), actor,
    lines: [
      { ...line, kind: 'service', description: `${productName} · ${service.hostname}`, amount: price },
      ...discounts.map(({ promoId, label, amount }): InvoiceLine => ({ ...line, kind: 'discount', description: label, amount: negate(amount), promoId })),
    ],
    claim,
  })
}
