import { isZero, negate } from '#shared/money/money.ts'
import { monthsOf } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import type { ServiceChange } from './change-ports.ts'
import { endOpenChange } from './close-change.ts'
import type { BillingDeps } from './deps.ts'
import { issueInvoices } from './issue-invoice.ts'
import type { BillingStores, InvoiceLine, Subscription } from './ports.ts'
import { renewalPrice } from './renewal-price.ts'
import type { OptionCharge, PriceTerms } from './renewal-price.ts'
import { renewalDueAt } from './service-plan.ts'

export interface RenewalToIssue {
  readonly service: Subscription
  /** As read under the service's lock, with the price of the change that waits, if one does. */
  readonly prices: PriceTerms
  readonly periodStart: Date
  /** Of the invoice that this one takes the place of. */
  readonly dueAt?: Date
}

/**
 * Issues for each service the invoice of the period that follows what is paid; the services are locked by the caller. One per service and
 * period start: the claim is unique. A change that waits for the renewal gives it its product, price and cycle; else a pending price whose
 * day has come is the service's price from now on. Codes that still run are discount lines. A price of 0 makes no invoice, only the period.
 */
export const issueRenewals = (deps: BillingDeps) => async (stores: BillingStores, { renewals, actor }: { readonly renewals: readonly RenewalToIssue[], readonly actor: Actor }): Promise<void> => {
  const waiting = await waitingChanges(deps, stores, renewals, actor)
  const all = renewals.map(renewal => figure(deps, renewal, waiting.get(renewal.service.id)))
  for (const { service, pending } of all) if (pending) await stores.subscriptions.applyPrice(service.id, pending, deps.clock.now())
  const [free, priced] = [all.filter(renewal => renewal.free), all.filter(renewal => !renewal.free)]
  for (const { period, price, change } of free) {
    await claim(stores, [{ period, change, invoiceId: null }])
    await stores.subscriptions.addPeriod({ ...period, invoiceId: null, amount: price })
  }
  if (priced.length === 0) return
  await issueInvoices(deps)(stores, {
    actor, orders: priced.map(({ service, dueAt, lines }) => ({ clientId: service.clientId, orderId: null, dueAt, lines })),
    claim: invoiceIds => claim(stores, priced.map(({ period, change }, index) => ({ period, change, invoiceId: invoiceIds[index] ?? null }))),
  })
}

/** Of each service the change that waits for this renewal. An upgrade that is not paid by now was reckoned without it: it is over, and may be asked for again. */
async function waitingChanges(deps: BillingDeps, stores: BillingStores, renewals: readonly RenewalToIssue[], actor: Actor): Promise<Map<string, ServiceChange>> {
  const open = (await stores.changes.openOfMany(renewals.map(({ service }) => service.id))).filter(change => change.status === 'waiting')
  for (const { serviceId, timing } of open) if (timing === 'now') await endOpenChange(deps, stores, { serviceId, reason: 'renewal_issued', actor })
  return new Map(open.filter(change => change.timing === 'renewal').map(change => [change.serviceId, change]))
}

/** A line in both languages, with the service that it is of. */
const described = ({ id, en }: OptionCharge['text'], hostname: string) => ({ description: `${id} · ${hostname}`, texts: { id: `${id} · ${hostname}`, en: `${en} · ${hostname}` } })

function figure({ rules, clock }: BillingDeps, { service, prices, periodStart, dueAt }: RenewalToIssue, change: ServiceChange | undefined) {
  const { cycle, productName } = change?.to ?? service
  const { price, options, gross, change: pending, discounts, setups } = renewalPrice(prices, periodStart)
  const period = { serviceId: service.id, periodStart, periodEnd: rules.calendar.periodEnd(periodStart, monthsOf(cycle), service.anchorDay ?? rules.calendar.dayOf(periodStart).day) }
  const lines: InvoiceLine[] = [
    { ...period, kind: 'service', description: `${productName} · ${service.hostname}`, amount: price },
    ...options.filter(option => !isZero(option.price)).map((option): InvoiceLine => ({ ...period, kind: 'option', ...described(option.text, service.hostname), amount: option.price })),
    ...discounts.map(({ promoId, label, amount }): InvoiceLine => ({ ...period, kind: 'discount', description: label, amount: negate(amount), promoId })),
    ...setups.map((setup): InvoiceLine => ({ kind: 'setup', serviceId: service.id, periodStart: null, periodEnd: null, ...described(setup.text, service.hostname), amount: setup.price })),
  ]
  return { service, change, pending, price: gross, free: isZero(gross) && setups.length === 0, period, lines, dueAt: dueAt ?? renewalDueAt(periodStart, clock.now(), rules, service.trialEndsAt) }
}

type Claim = Pick<ReturnType<typeof figure>, 'period' | 'change'> & { readonly invoiceId: string | null }
async function claim(stores: BillingStores, claims: readonly Claim[]): Promise<void> {
  await stores.invoices.claimRenewals(...claims.map(({ period, invoiceId }) => ({ ...period, invoiceId })))
  for (const { change, period, invoiceId } of claims) if (change?.startsAt === null) await stores.changes.setRenewal(change.id, { invoiceId, startsAt: period.periodStart })
}
