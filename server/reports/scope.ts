import { shiftMonth } from '#shared/calendar/month.ts'
import { fieldError } from '#shared/errors/codes.ts'
import { forecastDays, longestSpan } from '#shared/vocabulary/reports.ts'
import type { Calendar, Month, ReportDeps, Span } from './ports.ts'

/** What a report is asked about. Months are names like `2026-11`, both included; `at` is a day. */
export interface SpanQuery { readonly from?: string | undefined, readonly to?: string | undefined, readonly at?: string | undefined }

/** A seven-day step of the forecast; `key` is its first day. */
export interface Week extends Span { readonly key: string, readonly firstDay: number, readonly nextDay: number }
export interface Scope {
  readonly months: readonly Month[], readonly span: Span, /** As many months right before the span. */ readonly before: Span
  readonly at: { readonly isoDay: string, readonly end: Date, readonly day: number }, readonly now: Date, readonly weeks: readonly Week[]
}

const dayNumber = (isoDay: string) => Math.round(Date.parse(`${isoDay}T00:00:00Z`) / 86_400_000)
const isoDayOf = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10)
export function monthOf(calendar: Calendar, month: string): Month {
  const [first, next] = [`${month}-01`, `${shiftMonth(month, 1)}-01`]
  return { month, start: calendar.startOfDay(first), end: calendar.startOfDay(next), firstDay: dayNumber(first), nextDay: dayNumber(next) }
}

function weeksFrom(calendar: Calendar, today: string): Week[] {
  const first = dayNumber(today)
  const last = first + forecastDays
  return Array.from({ length: Math.ceil(forecastDays / 7) }, (_, i) => {
    const [firstDay, nextDay] = [first + 7 * i, Math.min(first + 7 * (i + 1), last)]
    return { key: isoDayOf(firstDay), firstDay, nextDay, start: calendar.startOfDay(isoDayOf(firstDay)), end: calendar.startOfDay(isoDayOf(nextDay)) }
  })
}

/**
 * The instants that a query means in the business zone. Left out: the twelve months that end with the running one, the end of today.
 * @throws AppError invalid_input when `to` lies before `from` or the span is longer than 36 months
 */
export function scopeOf({ calendar, clock }: Pick<ReportDeps, 'calendar' | 'clock'>, query: SpanQuery): Scope {
  const now = clock.now()
  const today = calendar.isoDay(now)
  const to = query.to ?? (query.from ? shiftMonth(query.from, 11) : today.slice(0, 7))
  const from = query.from ?? shiftMonth(to, -11)
  const count = (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(to.slice(5)) - Number(from.slice(5)) + 1
  if (count < 1) throw fieldError('to', 'ends_before_start')
  if (count > longestSpan) throw fieldError('from', 'span_too_long')
  const months = Array.from({ length: count }, (_, i) => monthOf(calendar, shiftMonth(from, i)))
  const [first, earlier, last] = [monthOf(calendar, from), monthOf(calendar, shiftMonth(from, -count)), monthOf(calendar, to)]
  const isoDay = query.at ?? today
  const day = dayNumber(isoDay)
  return {
    months, span: { start: first.start, end: last.end }, before: { start: earlier.start, end: first.start }, now, weeks: weeksFrom(calendar, today),
    at: { isoDay, day, end: calendar.startOfDay(isoDayOf(day + 1)) },
  }
}
