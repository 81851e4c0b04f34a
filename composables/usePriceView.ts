import { formatMoney } from '#shared/money/money.ts'
import { billingCycles, isRecurring, monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { StorefrontPrice } from './useCatalogue.ts'

/**
 * How prices are shown: for which cycle, with or without PPN. Both stand in the address, so that the choice works without JavaScript, can be
 * sent to somebody and is cached like the page itself.
 */
export function usePriceView() {
  const route = useRoute()
  const site = useSite()
  const one = (value: unknown) => Array.isArray(value) ? value[0] as unknown : value
  const cycle = computed<BillingCycle>(() => billingCycles.find(known => known === one(route.query.cycle)) ?? 'monthly')
  const withTax = computed(() => site.ppn && one(route.query.ppn) === '1')
  const queryFor = (change: { cycle?: BillingCycle, ppn?: boolean }) => {
    const [nextCycle, nextTax] = [change.cycle ?? cycle.value, change.ppn ?? withTax.value]
    return { ...(nextCycle === 'monthly' ? {} : { cycle: nextCycle }), ...(nextTax ? { ppn: '1' } : {}) }
  }
  /** What is sold for one payment alone is shown so, whatever cycle was chosen. */
  const priceOf = (prices: readonly StorefrontPrice[], wanted: BillingCycle = cycle.value) => prices.find(price => price.cycle === wanted) ?? (prices.length === 1 ? prices.find(price => !isRecurring(price.cycle)) : undefined) ?? null
  const shown = (price: StorefrontPrice) => withTax.value ? price.priceWithTax : price.price
  /** What one month of the cycle costs, rounded down to a Rupiah; null: it is paid once. */
  const perMonth = (price: StorefrontPrice) => !isRecurring(price.cycle) ? null : ({ amount: (BigInt(shown(price).amount) / BigInt(monthsOfCycle[price.cycle])).toString(), currency: price.price.currency })
  /** Whole percent saved against paying monthly; 0 when there is nothing to compare or nothing saved. */
  const saving = (prices: readonly StorefrontPrice[], wanted: BillingCycle = cycle.value) => {
    const [monthly, price] = [priceOf(prices, 'monthly'), priceOf(prices, wanted)]
    if (!monthly || !price || !isRecurring(wanted) || BigInt(monthly.price.amount) === 0n) return 0
    const full = BigInt(monthly.price.amount) * BigInt(monthsOfCycle[wanted])
    return Math.max(0, Number((full - BigInt(price.price.amount)) * 100n / full))
  }
  return { cycle, withTax, queryFor, priceOf, shown, perMonth, saving, money: formatMoney }
}
