import type { PromoKind } from '#shared/vocabulary/catalog.ts'
import { fraction, min, money, split, sum, zero } from './money.ts'
import type { Money } from './money.ts'

/** What one code takes off: percent (1 to 100), or whole Rupiah. */
export interface DiscountRule { readonly kind: PromoKind, readonly value: bigint, /** The code. */ readonly label: string }

/**
 * The order in which codes are applied, whatever order they were given in: percent before fixed, the larger before the smaller, then by
 * code. Each takes from what those before it left.
 */
export function inDiscountOrder<T extends DiscountRule>(rules: readonly T[]): T[] {
  const rank = { percent: 0, fixed: 1 }
  return [...rules].sort((a, b) => rank[a.kind] - rank[b.kind] || (a.value === b.value ? a.label < b.label ? -1 : 1 : a.value > b.value ? -1 : 1))
}

/** What a rule takes off these parts together: a percentage of their sum, rounded down once, or its amount; never more than their sum. */
export function discountOf(parts: readonly Money[], rule: DiscountRule): Money {
  const whole = sum(parts, parts[0]?.currency)
  return rule.kind === 'percent' ? fraction(whole, rule.value, 100n) : min(money(rule.value, whole.currency), whole)
}

/** The same, spread over the parts: each share at most its part, all shares together exactly the discount. */
export function discountParts(parts: readonly Money[], rule: DiscountRule): Money[] {
  const whole = sum(parts, parts[0]?.currency)
  return whole.amount <= 0n ? parts.map(part => zero(part.currency)) : split(discountOf(parts, rule), parts.map(part => part.amount))
}
