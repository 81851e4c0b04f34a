import { fraction, fromMoneyJson, min, toMoneyJson, zero } from '#shared/money/money.ts'
import type { Money, MoneyJson } from '#shared/money/money.ts'
import type { Invoice } from './invoice-record.ts'

/** What a renewal that stays unpaid costs besides, once: a share of what is outstanding, at most `cap`, or a sum; `days` after its due time. */
export type LateFee = { readonly kind: 'none' } | { readonly kind: 'percent', readonly percent: number, readonly cap: Money, readonly days: number } | { readonly kind: 'fixed', readonly amount: Money, readonly days: number }
export type LateFeeJson = { kind: 'none' } | { kind: 'percent', percent: number, cap: MoneyJson, days: number } | { kind: 'fixed', amount: MoneyJson, days: number }

/** Stands where a tax rule does: a penalty is no price of anything, so no PPN is asked for. */
export const lateFeeRule = 'late-fee'
export const isLateFee = (invoice: Pick<Invoice, 'taxRule'>): boolean => invoice.taxRule === lateFeeRule
/** The account on which an invoice earns. */
export const incomeOf = (invoice: Pick<Invoice, 'taxRule'>): 'revenue' | 'late_fees' => isLateFee(invoice) ? 'late_fees' : 'revenue'

/** The fee for so much that is outstanding: whole Rupiah rounded down, never more than the cap; nothing where nothing is owed. */
export function feeFor(terms: LateFee, outstanding: Money): Money {
  if (terms.kind === 'none' || outstanding.amount <= 0n) return zero(outstanding.currency)
  return terms.kind === 'fixed' ? terms.amount : min(fraction(outstanding, BigInt(terms.percent), 100n), terms.cap)
}

/** Of the services on one invoice the fee that comes first, of two on one day the higher: never more, and never sooner, than was announced. */
export const firstFee = (all: readonly LateFee[], outstanding: Money): LateFee =>
  all.filter(fee => fee.kind !== 'none').toSorted((a, b) => a.days - b.days || Number(feeFor(b, outstanding).amount - feeFor(a, outstanding).amount))[0] ?? { kind: 'none' }

export const toLateFeeJson = (fee: LateFee): LateFeeJson => fee.kind === 'percent' ? { ...fee, cap: toMoneyJson(fee.cap) } : fee.kind === 'fixed' ? { ...fee, amount: toMoneyJson(fee.amount) } : { kind: 'none' }
export const fromLateFeeJson = (fee: LateFeeJson): LateFee => fee.kind === 'percent' ? { ...fee, cap: fromMoneyJson(fee.cap) } : fee.kind === 'fixed' ? { ...fee, amount: fromMoneyJson(fee.amount) } : { kind: 'none' }
