import { sum } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { lapsedShownDays, toChangeView } from './change-view.ts'
import type { ChangeView } from './change-view.ts'
import type { BillingStores, ComputeTax, ServiceBilling } from './ports.ts'
import { renewalPrice } from './renewal-price.ts'
import { renewalInvoiceAt } from './service-plan.ts'
import type { PlanRules } from './service-plan.ts'
import { rulesFor } from './terms.ts'

export interface ServiceBillingView {
  readonly paidUntil: Date | null, /** Day of the next invoice in the business zone. */ readonly nextInvoiceOn: string | null, readonly openInvoiceId: string | null
  /** What the next renewal invoice will ask, PPN included, and how it comes about; null while none is foreseen. */
  readonly nextInvoice: { readonly price: Money, readonly discount: Money, readonly tax: Money, readonly total: Money, readonly codes: readonly string[] } | null
  /** Prices that wait for a later period, the nearest first. */
  readonly priceChanges: readonly { readonly price: Money, readonly from: Date }[]
  readonly priceLockedUntil: Date | null
  /** The end of the free trial that runs. */
  readonly trialEndsAt: Date | null
  /** A fixed term: it ends by itself then. */
  readonly endsAt: Date | null
  /** The change that is open, or that lapsed lately. */
  readonly change: ChangeView | null
}

interface Deps { readonly read: BillingStores, readonly rules: PlanRules, readonly computeTax: ComputeTax, readonly clock: { now(): Date } }

/** What pages show about the money side of services: by id, one query for all. The sum told is that of the renewal's own function. */
export const describeServices = (deps: Deps) => async (serviceIds: readonly string[]): Promise<Map<string, ServiceBillingView>> => {
  const found = await deps.read.subscriptions.describe(serviceIds)
  const changes = await deps.read.changes.newestOf(serviceIds, deps.rules.calendar.shiftDays(deps.clock.now(), -lapsedShownDays))
  return new Map(found.map(service => [service.serviceId, { ...view(service, deps), change: toChangeView(changes.find(change => change.serviceId === service.serviceId)) }]))
}

function view(service: ServiceBilling, { rules: house, computeTax, clock }: Deps): Omit<ServiceBillingView, 'change'> {
  const rules = rulesFor(service.terms, house)
  const at = renewalInvoiceAt(service, rules)
  const asked = at && service.paidUntil && renewalPrice(service.prices, service.paidUntil)
  const now = clock.now()
  const tax = asked && computeTax(asked.net, at > now ? at : now)
  return {
    trialEndsAt: service.trialEndsAt && service.trialEndsAt > now ? service.trialEndsAt : null, endsAt: service.endsAt,
    paidUntil: service.paidUntil, nextInvoiceOn: at && rules.calendar.isoDay(at > now ? at : now), openInvoiceId: service.openInvoiceId, priceLockedUntil: service.priceLockedUntil && service.priceLockedUntil > now ? service.priceLockedUntil : null,
    nextInvoice: asked && tax && { price: asked.gross, discount: sum(asked.discounts.map(discount => discount.amount), asked.net.currency), tax: tax.tax, total: tax.total, codes: asked.discounts.map(discount => discount.label) },
    priceChanges: [...service.prices.priceChanges].sort((a, b) => a.from.getTime() - b.from.getTime()).map(({ price, from }) => ({ price, from })),
  }
}
