import { discountParts, inDiscountOrder } from '#shared/money/discount.ts'
import { add, isZero, money, split, subtract, sum, zero } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import type { OrderDiscount, RenewalDiscount } from '../billing/ports.ts'
import type { PromoRecord } from '../catalog/ports.ts'

export type PromoProblem = 'promo_invalid' | 'promo_expired' | 'promo_exhausted' | 'promo_new_clients_only' | 'promo_minimum' | 'promo_not_for_product' | 'promo_not_combinable'
export interface DiscountableLine { readonly productId: string, readonly cycle: BillingCycle, readonly price: Money, readonly setup: Money }
/** Who orders: what is not known yet (nobody is signed in) holds nothing against a code. */
export interface PromoBuyer { readonly uses: ReadonlyMap<string, number>, readonly hasPaidOrder: boolean }
/** A code as it was typed, with the code of that name if there is one. */
export interface GivenPromo { readonly code: string, readonly promo: PromoRecord | null }
export interface PromoOutcome {
  /** Per given code, in the order given. */
  readonly codes: readonly { readonly code: string, readonly promo: PromoRecord | null, readonly problem: PromoProblem | null, readonly discount: Money }[]
  /** Per line: what is taken off its first invoice, and what codes go on with its renewals. */
  readonly lines: readonly { readonly discounts: readonly (OrderDiscount & { readonly promoId: string })[], readonly renewals: readonly RenewalDiscount[] }[]
}

type Part = { readonly line: number, readonly off: OrderDiscount['off'], readonly full: Money, left: Money }

/**
 * What promo codes take off an order. Each is judged by its own rules; of several only combinable ones hold. They are applied in their
 * fixed order (`inDiscountOrder`), each to what the ones before left of the lines and fees that it is for: a percentage of their sum,
 * rounded down once and then split, or an amount once per order. Together they never exceed the price.
 */
export function evaluatePromos(given: readonly GivenPromo[], lines: readonly DiscountableLine[], at: Date, buyer: PromoBuyer): PromoOutcome {
  const currency = lines[0]?.price.currency
  const parts = lines.flatMap((line, i): Part[] => [{ line: i, off: 'period', full: line.price, left: line.price }, { line: i, off: 'setup', full: line.setup, left: line.setup }])
  const own = new Map(given.map(({ code, promo }) => [code, problemOf(promo, lines, at, buyer)]))
  const several = given.filter(({ code }) => own.get(code) === null).length > 1
  const problems = new Map(given.map(({ code, promo }) => [code, own.get(code) ?? (several && !promo?.combinable ? 'promo_not_combinable' as const : null)]))
  const outcome = lines.map(() => ({ discounts: [] as (OrderDiscount & { promoId: string })[], renewals: [] as RenewalDiscount[] }))
  const held = given.flatMap(({ code, promo }) => promo && problems.get(code) === null ? [{ promo, kind: promo.kind, value: promo.value, label: promo.code }] : [])
  for (const { promo, ...rule } of inDiscountOrder(held)) {
    const covered = parts.filter(part => isFor(promo, part, lines))
    discountParts(covered.map(part => part.left), rule).forEach((amount, i) => {
      const part = covered[i]
      if (!part || isZero(amount)) return
      part.left = subtract(part.left, amount)
      outcome[part.line]?.discounts.push({ promoId: promo.id, label: promo.code, off: part.off, amount })
    })
    renewalShares(promo, covered, lines).forEach(({ line, value }) => outcome[line]?.renewals.push({ promoId: promo.id, label: promo.code, kind: promo.kind, value, periods: promo.periods }))
  }
  const totalOf = (promoId: string | undefined) => sum(outcome.flatMap(line => line.discounts.filter(discount => discount.promoId === promoId).map(discount => discount.amount)), currency)
  return { codes: given.map(({ code, promo }) => ({ code, promo, problem: problems.get(code) ?? null, discount: totalOf(promo?.id) })), lines: outcome }
}

const covers = (promo: PromoRecord, line: DiscountableLine | undefined) => line !== undefined && (promo.productIds.length === 0 || promo.productIds.includes(line.productId)) && (promo.cycles.length === 0 || promo.cycles.includes(line.cycle))
const isFor = (promo: PromoRecord, part: Part, lines: readonly DiscountableLine[]) => covers(promo, lines[part.line]) && (promo.appliesTo === 'both' || promo.appliesTo === (part.off === 'setup' ? 'setup' : 'recurring'))

/** Why a code gives nothing now, whatever else is in the order's list of codes. */
function problemOf(promo: PromoRecord | null, lines: readonly DiscountableLine[], at: Date, buyer: PromoBuyer): PromoProblem | null {
  if (!promo) return 'promo_invalid'
  if (!isRunning(promo, at)) return 'promo_expired'
  if (isUsedUp(promo) || (promo.maxPerClient !== null && (buyer.uses.get(promo.id) ?? 0) >= promo.maxPerClient)) return 'promo_exhausted'
  if (promo.newClientsOnly && buyer.hasPaidOrder) return 'promo_new_clients_only'
  const forIt = lines.filter(line => covers(promo, line)).flatMap(line => promo.appliesTo === 'both' ? [line.price, line.setup] : [promo.appliesTo === 'setup' ? line.setup : line.price])
  if (forIt.every(part => part.amount <= 0n)) return 'promo_not_for_product'
  const subtotal = sum(lines.map(line => add(line.price, line.setup)), lines[0]?.price.currency)
  return promo.minimumOrder !== null && subtotal.amount < promo.minimumOrder ? 'promo_minimum' : null
}

export const isRunning = (promo: PromoRecord, at: Date): boolean => promo.active && (promo.startsAt === null || promo.startsAt <= at) && (promo.endsAt === null || promo.endsAt > at)
export const isUsedUp = (promo: PromoRecord): boolean => promo.maxRedemptions !== null && promo.reserved + promo.committed >= promo.maxRedemptions

/**
 * What a code that goes on takes off each renewal of each line: its percentage, or its share of the amount, by the prices of the lines that
 * it is for. Setup fees and what is paid once renew nothing.
 */
function renewalShares(promo: PromoRecord, own: readonly Part[], lines: readonly DiscountableLine[]): { line: number, value: bigint }[] {
  const renews = (line: number) => lines[line] !== undefined && isRecurring(lines[line].cycle)
  const periods = own.filter(part => part.off === 'period')
  if (promo.periods === 1 || periods.every(part => isZero(part.full))) return []
  if (promo.kind === 'percent') return periods.filter(({ line }) => renews(line)).map(({ line }) => ({ line, value: promo.value }))
  const shares = split(money(promo.value, periods[0]?.full.currency), periods.map(part => part.full.amount))
  return periods.flatMap(({ line }, i) => shares[i] && !isZero(shares[i]) && renews(line) ? [{ line, value: shares[i].amount }] : [])
}

/**
 * A trial asks for nothing, so what codes would take off its first invoice is taken off the first paid period instead, and what goes on runs
 * as long as it would have: the trial is period 0.
 */
export function afterTrial(outcome: PromoOutcome, lines: readonly { readonly trialDays: number | null }[]): PromoOutcome {
  if (lines.every(line => line.trialDays === null)) return outcome
  const later = outcome.lines.map((line, i) => lines[i]?.trialDays === null || lines[i] === undefined ? line : { discounts: [], renewals: renewalsOf(line, outcome) })
  const totalOf = (promoId: string | undefined, currency: Money['currency']) => sum(later.flatMap(line => line.discounts.filter(discount => discount.promoId === promoId).map(discount => discount.amount)), currency)
  return { lines: later, codes: outcome.codes.map(code => ({ ...code, discount: totalOf(code.promo?.id, code.discount.currency) })) }
}

function renewalsOf({ discounts, renewals }: PromoOutcome['lines'][number], { codes }: PromoOutcome): RenewalDiscount[] {
  const once = discounts.filter(discount => discount.off === 'period' && !renewals.some(renewal => renewal.promoId === discount.promoId)).flatMap(({ promoId, label, amount }): RenewalDiscount[] => {
    const promo = codes.find(code => code.promo?.id === promoId)?.promo
    return promo ? [{ promoId, label, kind: promo.kind, value: promo.kind === 'percent' ? promo.value : amount.amount, periods: 2 }] : []
  })
  return [...renewals.map(renewal => ({ ...renewal, periods: renewal.periods === null ? null : renewal.periods + 1 })), ...once]
}

/** What one line costs less at its first invoice. */
export const discountOfLine = (outcome: PromoOutcome | null, line: number, currency?: Money['currency']): Money => sum(outcome?.lines[line]?.discounts.map(discount => discount.amount) ?? [], currency ?? zero().currency)
