import { discountOf, inDiscountOrder } from '#shared/money/discount.ts'
import type { DiscountRule } from '#shared/money/discount.ts'
import { add, isZero, subtract, sum } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'

/** A code that goes on after the first period, or what staff gave (no `promoId`); `periods` counts that first one, null is for good; `endsAt`: not for periods that begin then or later. `value`: percent, or Rupiah for this service. */
export interface RenewalDiscount extends DiscountRule { readonly promoId: string | null, readonly periods: number | null, readonly endsAt?: Date | null }
/** A price that waits for the first period that begins at `from` or later. */
export interface PriceChange { readonly id: string, readonly price: Money, readonly from: Date }
/** What is chosen with the product, for a whole period: beside its price, so that a new price of the product leaves it as it is. */
export interface OptionCharge { readonly text: { readonly id: string, readonly en: string }, readonly price: Money }
/** All that decides what a renewal costs. */
export interface PriceTerms { readonly price: Money, readonly options?: readonly OptionCharge[] | undefined, /** Of options that a change adds with this renewal; charged with it alone. */ readonly setups?: readonly OptionCharge[] | undefined, readonly discounts: readonly RenewalDiscount[], readonly priceChanges: readonly PriceChange[], /** How many periods were paid; the next one has this number, counted from 0. */ readonly periodsPaid: number }
export interface RenewalPrice { /** Of the product alone. */ readonly price: Money, readonly options: readonly OptionCharge[], /** Price and options, before discounts. */ readonly gross: Money, /** What makes the price differ from the one before. */ readonly change: PriceChange | null, readonly discounts: readonly { readonly promoId: string | null, readonly label: string, readonly amount: Money }[], /** Charged with this renewal alone; no code takes anything off them. */ readonly setups: readonly OptionCharge[], /** What is left, and the set-up fees, without PPN. */ readonly net: Money }

/**
 * What the period that begins at `periodStart` costs, without PPN: the one function of renewal invoice, plan, forecast and of everything
 * that a client is told. The newest pending price whose day has come and the options, then the codes that still run, in their fixed order; discounts
 * together never exceed the sum.
 */
export function renewalPrice(terms: PriceTerms, periodStart: Date): RenewalPrice {
  const change = [...terms.priceChanges].sort((a, b) => a.from.getTime() - b.from.getTime() || (a.id < b.id ? -1 : 1)).findLast(pending => pending.from <= periodStart) ?? null
  const price = change?.price ?? terms.price
  const options = terms.options ?? []
  const gross = sum([price, ...options.map(option => option.price)], price.currency)
  let net = gross
  const discounts = inDiscountOrder(terms.discounts.filter(discount => (discount.periods === null || terms.periodsPaid < discount.periods) && (!discount.endsAt || periodStart < discount.endsAt))).flatMap((discount) => {
    const amount = discountOf([net], discount)
    net = subtract(net, amount)
    return isZero(amount) ? [] : [{ promoId: discount.promoId, label: discount.label, amount }]
  })
  const setups = (terms.setups ?? []).filter(setup => !isZero(setup.price))
  return { price, options, gross, change, discounts, setups, net: add(net, sum(setups.map(setup => setup.price), net.currency)) }
}
