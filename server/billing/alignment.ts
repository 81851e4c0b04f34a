import { subtract } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { BillingCycle } from '#shared/vocabulary/billing.ts'
import { monthsOf } from '#shared/vocabulary/billing.ts'
import type { BusinessCalendar } from './business-calendar.ts'
import { dayNumberOf, unusedOf } from './proration.ts'
import { renewalPrice } from './renewal-price.ts'
import type { PriceTerms } from './renewal-price.ts'

/** A stretch that brings a service to its common day: a whole period, or (the last one) a part of one. */
export interface AlignedPart { readonly periodStart: Date, readonly periodEnd: Date, readonly price: Money, readonly whole: boolean }
interface Aligned extends PriceTerms { readonly paidUntil: Date, readonly cycle: BillingCycle, readonly anchorDay: number | null }

/** Days from what is paid to a day of the business zone; negative: it lies before. */
export const daysUntil = (paidUntil: Date, day: string, calendar: Pick<BusinessCalendar, 'isoDay'>): number => dayNumberOf(day) - dayNumberOf(calendar.isoDay(paidUntil))

/**
 * What it costs to go on from what is paid to a day: whole periods as renewals would ask for them, and of the last one its days, by exact days
 * of the business zone; what is used of it is rounded down, as at an upgrade. The parts follow one another without a gap or an overlap.
 */
export function partsUntil(service: Aligned, day: string, calendar: Pick<BusinessCalendar, 'isoDay' | 'shiftDays' | 'periodEnd' | 'dayOf'>): AlignedPart[] {
  const end = calendar.shiftDays(service.paidUntil, daysUntil(service.paidUntil, day, calendar))
  const anchorDay = service.anchorDay ?? calendar.dayOf(service.paidUntil).day
  const parts: AlignedPart[] = []
  for (let start = service.paidUntil; start < end;) {
    const periodEnd = calendar.periodEnd(start, monthsOf(service.cycle), anchorDay)
    const { net } = renewalPrice({ ...service, periodsPaid: service.periodsPaid + parts.length }, start)
    const days = { from: dayNumberOf(calendar.isoDay(start)), to: dayNumberOf(calendar.isoDay(periodEnd)) }
    const whole = periodEnd <= end
    parts.push(whole ? { periodStart: start, periodEnd, price: net, whole } : { periodStart: start, periodEnd: end, price: subtract(net, unusedOf(net, days, dayNumberOf(day))), whole })
    start = whole ? periodEnd : end
  }
  return parts
}
