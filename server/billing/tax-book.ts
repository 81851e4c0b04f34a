import { computeTax } from '#shared/money/tax.ts'
import type { Money } from '#shared/money/money.ts'
import type { TaxFigures, TaxRule } from '#shared/money/tax.ts'

interface Written { readonly reason: string, readonly actor: string, readonly createdAt: Date }
export interface WrittenRule extends TaxRule, Written {}
export interface SellerTaxStatus extends Written { readonly id: string, readonly pkp: boolean, readonly from: Date }
/** Both in the order of their beginning, and of two with the same one in that of their writing. */
export interface TaxData { readonly rules: readonly WrittenRule[], readonly statuses: readonly SellerTaxStatus[] }

export interface TaxRuleStore {
  load(): Promise<TaxData>
  /** False when a rule has this name already. */
  addRule(rule: WrittenRule): Promise<boolean>
  addStatus(status: SellerTaxStatus): Promise<void>
  /** Writes the house's first status; nothing when there is one. */
  addFirstStatus(status: SellerTaxStatus): Promise<void>
}

/**
 * The rules of PPN as one process knows them: storefront, cart and invoice ask the same book. It is filled before anything is sold and
 * filled anew when the rows change; what is added begins later than every process has learned of it.
 */
export function taxBook(initial: TaxData) {
  let data = initial
  const sellerIsPkp = (at: Date): boolean => {
    const status = data.statuses.findLast(candidate => candidate.from <= at)
    if (!status) throw new RangeError(`no tax status of the seller for ${at.toISOString()}`)
    return status.pkp
  }
  return {
    fill(next: TaxData) {
      data = next
    },
    sellerIsPkp,
    computeTax: (taxable: Money, at: Date): TaxFigures => computeTax(taxable, at, { pkp: sellerIsPkp(at), rules: data.rules }),
    /** The rate in percent of a rule, null for a name that is none (`not-pkp`). */
    percentOf: (name: string): bigint | null => data.rules.find(rule => rule.name === name)?.ratePercent ?? null,
  }
}
