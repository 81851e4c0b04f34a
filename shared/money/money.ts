/**
 * Money is an amount in integer minor units and its currency, never one without the other.
 * IDR has exponent 0 in Gardu: one minor unit is one Rupiah.
 */
export const currencies = ['IDR'] as const
export type Currency = typeof currencies[number]

export interface Money { readonly amount: bigint, readonly currency: Currency }
/** How money travels in JSON: `bigint` has no JSON form and a float must never carry money. */
export interface MoneyJson { amount: string, currency: Currency }

export const money = (amount: bigint | number, currency: Currency = 'IDR'): Money => ({ amount: BigInt(amount), currency })
export const zero = (currency: Currency = 'IDR'): Money => money(0n, currency)

/** @throws RangeError when the currencies differ: adding them would be a guess. */
function sameCurrency(a: Money, b: Money): Currency {
  if (a.currency !== b.currency) throw new RangeError(`cannot combine ${a.currency} with ${b.currency}`)
  return a.currency
}

export const add = (a: Money, b: Money): Money => ({ currency: sameCurrency(a, b), amount: a.amount + b.amount })
export const subtract = (a: Money, b: Money): Money => ({ currency: sameCurrency(a, b), amount: a.amount - b.amount })
export const negate = (a: Money): Money => ({ currency: a.currency, amount: -a.amount })
export const sum = (items: readonly Money[], currency: Currency = 'IDR'): Money => items.reduce(add, zero(currency))
export const isZero = (a: Money): boolean => a.amount === 0n
export const isNegative = (a: Money): boolean => a.amount < 0n
export const compare = (a: Money, b: Money): number => {
  sameCurrency(a, b)
  return a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0
}
export const min = (a: Money, b: Money): Money => compare(a, b) <= 0 ? a : b

/** Whole minor units, rounded towards minus infinity: `floor(a * numerator / denominator)`. */
export function fraction(a: Money, numerator: bigint, denominator: bigint): Money {
  if (denominator <= 0n) throw new RangeError('denominator must be positive')
  const product = a.amount * numerator
  const quotient = product / denominator
  return { currency: a.currency, amount: product % denominator < 0n ? quotient - 1n : quotient }
}

/**
 * Splits an amount by weights so that the parts add up to it exactly (largest remainder; ties go to the earlier part).
 * The one place where a split is rounded.
 */
export function split(total: Money, weights: readonly bigint[]): Money[] {
  const weight = weights.reduce((a, b) => a + b, 0n)
  if (weights.some(w => w < 0n) || weight === 0n) throw new RangeError('weights must be non-negative and not all zero')
  const shares = weights.map((w) => {
    const floor = fraction(total, w, weight).amount
    return { floor, remainder: total.amount * w - floor * weight }
  })
  let rest = total.amount - shares.reduce((a, s) => a + s.floor, 0n)
  const order = shares.map((_, i) => i).sort((a, b) => {
    const [x, y] = [shares[a], shares[b]]
    if (!x || !y) return 0
    return x.remainder === y.remainder ? a - b : x.remainder > y.remainder ? -1 : 1
  })
  const parts = shares.map(s => s.floor)
  for (const i of order) {
    if (rest <= 0n) break
    parts[i] = (parts[i] ?? 0n) + 1n
    rest -= 1n
  }
  return parts.map(amount => ({ amount, currency: total.currency }))
}

export const toMoneyJson = (a: Money): MoneyJson => ({ amount: a.amount.toString(), currency: a.currency })
export const fromMoneyJson = (a: MoneyJson): Money => ({ amount: BigInt(a.amount), currency: a.currency })

/** `Rp 1.250.000` (a no-break space after Rp), `-Rp 1.250` for negative amounts; the same in every language. */
export function formatMoney(a: Money | MoneyJson): string {
  const amount = BigInt(a.amount)
  const digits = (amount < 0n ? -amount : amount).toString().replace(/\B(?=(\d{3})+$)/g, '.')
  return `${amount < 0n ? '-' : ''}Rp\u00A0${digits}`
}
