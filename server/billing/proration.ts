import { fraction, subtract } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'

/** A stretch of days, numbered in the business zone: `to` is the day after the last one. */
export interface Days { readonly from: number, readonly to: number }

/** Calendar days (`2026-11-22`) numbered from 1970: two days of any year, leap or not, are as far apart as their numbers. */
export const dayNumberOf = (isoDay: string): number => Date.parse(`${isoDay}T00:00:00Z`) / 86_400_000

/**
 * What of an amount belongs to the days from `day` on. By exact days, the residue on the last one: what was used is rounded down, so that
 * used and unused are together the amount, however often and wherever it is cut.
 */
export function unusedOf(amount: Money, { from, to }: Days, day: number): Money {
  if (to <= from) throw new RangeError('a period has at least one day')
  const used = Math.min(Math.max(day - from, 0), to - from)
  return subtract(amount, fraction(amount, BigInt(used), BigInt(to - from)))
}

/** A paid period as a change sees it: what the whole of it costs at the terms in force. */
export interface PricedPeriod { readonly days: Days, readonly price: Money }
export interface ChangeCharge { /** From the day of the change on. */ readonly days: Days, readonly wholeDays: number, readonly credit: Money, readonly charge: Money, readonly net: Money }

/**
 * What the change of one paid period to another price costs, from a day on (that day at the new price): credit for its unused days at the
 * old price, charge for the same days at the new one. Changed in steps, at any days, it costs the same as the slices of each price: the
 * credit of each step is exactly what the one before charged for those days.
 */
export function chargeOf(period: PricedPeriod, price: Money, day: number): ChangeCharge {
  const { days } = period
  const credit = unusedOf(period.price, days, day)
  const charge = unusedOf(price, days, day)
  return { days: { from: Math.min(Math.max(day, days.from), days.to), to: days.to }, wholeDays: days.to - days.from, credit, charge, net: subtract(charge, credit) }
}
