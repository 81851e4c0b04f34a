import { Temporal } from 'temporal-polyfill'

/** Calendar arithmetic in one named zone. Instants in, instants out. */
export interface BusinessCalendar {
  readonly zone: string
  /** The same local time so many calendar days later (earlier, when negative). */
  shiftDays(at: Date, days: number): Date
  /** The local time of `start`, `months` later, on `anchorDay` or, in a shorter month, on its last day: 31 Jan → 28 Feb → 31 Mar. */
  periodEnd(start: Date, months: number, anchorDay: number): Date
  dayOf(at: Date): { readonly year: number, readonly month: number, readonly day: number }
  /** `2026-11-22`. */
  isoDay(at: Date): string
  /** The instant at which a day (`2026-11-22`) begins. @throws RangeError when it is no day. */
  startOfDay(isoDay: string): Date
}

const dayMilliseconds = 86_400_000

export function businessCalendar(zone: string): BusinessCalendar {
  const local = (at: Date) => Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
  const instant = (at: Temporal.ZonedDateTime) => new Date(at.epochMilliseconds)
  // Indonesia's zones have not changed their offset for decades: there a day is 24 hours, and a plan over many services stays cheap.
  const steadySince = Date.parse('2000-01-01T00:00:00Z')
  const steady = local(new Date(steadySince)).getTimeZoneTransition('next') === null
  const offset = local(new Date(steadySince)).offsetNanoseconds / 1_000_000
  return {
    zone,
    shiftDays: (at, days) => steady && at.getTime() > steadySince ? new Date(at.getTime() + days * dayMilliseconds) : instant(local(at).add({ days })),
    periodEnd(start, months, anchorDay) {
      const from = local(start)
      const month = from.toPlainDate().toPlainYearMonth().add({ months })
      const day = month.toPlainDate({ day: Math.min(anchorDay, month.daysInMonth) })
      return instant(day.toZonedDateTime({ timeZone: zone, plainTime: from.toPlainTime() }))
    },
    dayOf(at) {
      const { year, month, day } = local(at)
      return { year, month, day }
    },
    isoDay: at => steady && at.getTime() > steadySince ? new Date(at.getTime() + offset).toISOString().slice(0, 10) : local(at).toPlainDate().toString(),
    startOfDay: isoDay => instant(Temporal.PlainDate.from(isoDay).toZonedDateTime(zone)),
  }
}
