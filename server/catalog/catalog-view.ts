import type { z } from 'zod'
import type { adminProductView, promoView, retirementView } from '#shared/contracts/admin.ts'
import type { storefrontProductView, tldView } from '#shared/contracts/storefront.ts'
import { fraction, toMoneyJson } from '#shared/money/money.ts'
import { billingCycles, isRecurring, monthsOfCycle } from '#shared/vocabulary/billing.ts'
import { virtualisationOf, virtualisations } from '#shared/vocabulary/machines.ts'
import type { Virtualisation } from '#shared/vocabulary/machines.ts'
import { fewPlaces, stockLife } from '#shared/vocabulary/catalog.ts'
import type { ComputeTax } from '../billing/ports.ts'
import { toOptionView } from '#shared/options/option-views.ts'
import type { Offer, OptionRecord, PackageLimits, ProductRecord, PromoRecord, TldRecord } from './ports.ts'
import { currentPrices } from './product.ts'

export type AdminProductView = z.input<typeof adminProductView>
export type StorefrontProductView = z.input<typeof storefrontProductView>
export type RetirementView = z.input<typeof retirementView>
export type PromoView = z.input<typeof promoView>
export type TldView = z.input<typeof tldView>

export function toAdminProductView(product: ProductRecord, at: Date, options: readonly OptionRecord[] = []): AdminProductView {
  const current = new Set(currentPrices(product.prices, at).map(price => price.id))
  return {
    ...product, successor: product.successor && { ...product.successor }, options: options.map(toOptionView), summary: { ...product.summary }, description: { ...product.description }, spec: { ...product.spec }, connectionIds: [...product.connectionIds], templateIds: [...product.templateIds],
    prices: product.prices.map(price => ({ id: price.id, cycle: price.cycle, price: toMoneyJson(price.price), setup: toMoneyJson(price.setup), effectiveFrom: price.effectiveFrom.toISOString(), createdBy: price.createdBy, current: current.has(price.id) })),
  }
}

/** What every server gives that carries the package: of different limits the smallest. Null: no server has it. */
export function leastLimits(packages: Offer['packages']): PackageLimits | null {
  if (packages.length === 0) return null
  const least = (of: keyof PackageLimits) => packages.reduce<number | null>((all, { [of]: limit }) => all === null ? limit : limit === null ? all : Math.min(all, limit), null)
  return { diskMiB: least('diskMiB'), bandwidthMiB: least('bandwidthMiB'), maxAddonDomains: least('maxAddonDomains'), maxMailboxes: least('maxMailboxes'), maxDatabases: least('maxDatabases') }
}

/** What is said of a product's stock. A limit of units that is reached is known at once; all else as it was counted, unless that is too long ago. Of work its limit alone is told. */
export function stockShown({ kind, stockLimit, unitsHeld, stock }: Pick<Offer, 'kind' | 'stockLimit' | 'unitsHeld' | 'stock'>, at: Date): StorefrontProductView['stock'] {
  const units = stockLimit === null ? null : Math.max(0, stockLimit - unitsHeld)
  if (units === 0) return { state: 'sold_out', left: 0 }
  const counted = stock?.complete && at.getTime() - stock.countedAt.getTime() <= stockLife ? stock.places : undefined
  if (kind === 'work' ? units === null : counted === undefined) return { state: 'unknown', left: null }
  const left = Math.min(units ?? Number.POSITIVE_INFINITY, counted ?? Number.POSITIVE_INFINITY)
  return left === 0 ? { state: 'sold_out', left: 0 } : left <= fewPlaces ? { state: 'few', left } : { state: 'in_stock', left: null }
}

/** What machines of a product are: what its templates and their connections say. Of hosting and work nothing. */
function virtualisationsOf({ kind, templates }: Pick<Offer, 'kind' | 'templates'>): Virtualisation[] {
  const found = new Set(kind === 'vps' ? templates.map(template => virtualisationOf(template.connectionKind, template.machineType)) : [])
  return virtualisations.filter(each => found.has(each))
}

/** A product for the storefront: each cycle's price without PPN, the PPN on it and with it, and what a month of it comes to (rounded down; null: paid once). */
export function toStorefrontView(offer: Offer, at: Date, computeTax: ComputeTax): StorefrontProductView {
  const stock = stockShown(offer, at)
  const byLength = [...offer.prices].sort((a, b) => billingCycles.indexOf(a.cycle) - billingCycles.indexOf(b.cycle))
  return {
    id: offer.productId, slug: offer.slug, kind: offer.kind, name: offer.name, summary: { ...offer.summary }, description: { ...offer.description }, spec: { ...offer.spec }, featured: offer.featured, trialDays: offer.trialDays, fixedTermPeriods: offer.fixedTermPeriods, backupsIncluded: offer.backupsIncluded, backupSchedule: offer.backupSchedule,
    soldOut: stock.state === 'sold_out' || (offer.kind === 'hosting' && offer.packages.length === 0), stock,
    hosting: leastLimits(offer.packages),
    templates: offer.templates.map(({ id, name, osFamily, machineType, takesKeys }) => ({ id, name, osFamily, machineType, takesKeys })),
    virtualisation: virtualisationsOf(offer),
    options: offer.options.map(option => toOptionView({ ...option, choices: option.choices.filter(choice => choice.active) })),
    prices: byLength.map(({ cycle, price, setup }) => {
      const { tax, total } = computeTax(price, at)
      return { cycle, price: toMoneyJson(price), tax: toMoneyJson(tax), priceWithTax: toMoneyJson(total), setup: toMoneyJson(setup), monthly: isRecurring(cycle) ? toMoneyJson(fraction(price, 1n, BigInt(monthsOfCycle[cycle]))) : null }
    }),
  }
}

export const toPromoView = (promo: PromoRecord): PromoView => ({
  ...promo, value: promo.value.toString(), minimumOrder: promo.minimumOrder?.toString() ?? null, startsAt: promo.startsAt?.toISOString() ?? null, endsAt: promo.endsAt?.toISOString() ?? null, productIds: [...promo.productIds], cycles: [...promo.cycles],
})

export const toTldView = (tld: TldRecord): TldView => ({ suffix: tld.suffix, register: toMoneyJson(tld.register), renew: toMoneyJson(tld.renew), requirement: tld.requirement ? { ...tld.requirement } : null })
