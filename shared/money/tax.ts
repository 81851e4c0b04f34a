import { fraction, zero } from './money.ts'
import type { Money } from './money.ts'

/** What PPN makes of a taxable amount. `dpp` is the tax base that is printed (DPP nilai lain); `rule` names the rule that was used. */
export interface TaxFigures { readonly taxable: Money, readonly dpp: Money, readonly tax: Money, readonly total: Money, readonly rule: string }

/** One version of the rule: the rate in percent on `dppNumerator/dppDenominator` of the price, from an instant on. */
export interface TaxRule { readonly name: string, readonly from: Date, readonly ratePercent: bigint, readonly dppNumerator: bigint, readonly dppDenominator: bigint }

/**
 * The rules of PPN that every house begins with, by the day they came into force (midnight in Jakarta). Later ones are rows that Finance
 * adds; an old one is never changed.
 * 11 %: UU 7/2021 (HPP), art. 7(1)a. 12 % on 11/12 of the price: PMK 131/2024 and PMK 11/2025, so that 11 % of the price is owed.
 */
export const ppnRules: readonly TaxRule[] = [
  { name: 'ppn-11', from: new Date('2022-04-01T00:00:00+07:00'), ratePercent: 11n, dppNumerator: 1n, dppDenominator: 1n },
  { name: 'ppn-12-dpp-11/12', from: new Date('2025-01-01T00:00:00+07:00'), ratePercent: 12n, dppNumerator: 11n, dppDenominator: 12n },
]

/**
 * The PPN on a taxable amount at a moment: the only place in Gardu where it is computed. Whole Rupiah, rounded down once, from the taxable
 * amount itself and not from the rounded base: `tax = floor(base * 11 / 100)`, `dpp = floor(base * 11 / 12)` by today's rule. A seller who
 * is not PKP must not charge PPN: tax 0. Compute it on the sum of an invoice, not per line. `rules` are in the order of their days; of two
 * of the same day the later holds.
 * @throws RangeError for a moment before the first rule, and for a negative amount.
 */
export function computeTax(taxable: Money, at: Date, seller: { readonly pkp: boolean, readonly rules?: readonly TaxRule[] }): TaxFigures {
  if (taxable.amount < 0n) throw new RangeError('a taxable amount is not negative')
  if (!seller.pkp) return { taxable, dpp: taxable, tax: zero(taxable.currency), total: taxable, rule: 'not-pkp' }
  const rule = (seller.rules ?? ppnRules).findLast(candidate => candidate.from.getTime() <= at.getTime())
  if (!rule) throw new RangeError(`no tax rule for ${at.toISOString()}`)
  const tax = fraction(taxable, rule.ratePercent * rule.dppNumerator, 100n * rule.dppDenominator)
  return { taxable, dpp: fraction(taxable, rule.dppNumerator, rule.dppDenominator), tax, total: { amount: taxable.amount + tax.amount, currency: taxable.currency }, rule: rule.name }
}
