import { compare, fraction, min, money, split, sum, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { PromoRecord } from '../catalog/ports.ts'

export type PromoProblem = 'promo_invalid' | 'promo_expired' | 'promo_exhausted' | 'promo_not_for_product'
export interface DiscountableLine { readonly productId: string, readonly cycle: BillingCycle, readonly price: Money }
export interface PromoOutcome { readonly problem: PromoProblem | null, /** One per line, none greater than the line's price. */ readonly discounts: readonly Money[] }

/**
 * What a promo code takes off the first period's price of each line; setup fees are never touched. A percentage is of the sum of the lines
 * that it is for, rounded down once and then split; a fixed amount is given once per order, at most the price of those lines.
 * `usedByClient`: this client holds a redemption that was not released.
 */
export function evaluatePromo(promo: PromoRecord | null, lines: readonly DiscountableLine[], at: Date, usedByClient: boolean): PromoOutcome {
  const none = (problem: PromoProblem): PromoOutcome => ({ problem, discounts: lines.map(line => zero(line.price.currency)) })
  if (!promo) return none('promo_invalid')
  if (!promo.active || (promo.startsAt && promo.startsAt > at) || (promo.endsAt && promo.endsAt <= at)) return none('promo_expired')
  if (promo.maxRedemptions !== null && promo.reserved + promo.committed >= promo.maxRedemptions) return none('promo_exhausted')
  if (promo.oncePerClient && usedByClient) return none('promo_exhausted')
  const covers = (line: DiscountableLine) => (promo.productIds.length === 0 || promo.productIds.includes(line.productId)) && (promo.cycles.length === 0 || promo.cycles.includes(line.cycle))
  const weights = lines.map(line => covers(line) ? line.price.amount : 0n)
  const covered = sum(lines.filter(covers).map(line => line.price), lines[0]?.price.currency)
  if (compare(covered, zero(covered.currency)) <= 0) return none('promo_not_for_product')
  const whole = promo.kind === 'percent' ? fraction(covered, promo.value, 100n) : min(money(promo.value, covered.currency), covered)
  return { problem: null, discounts: split(min(whole, covered), weights) }
}
