import { businessCalendar } from '#server/billing/business-calendar.ts'

/** In which month a moment lies in a zone: `2026-11`. Cheap enough for thousands in a row. */
export const monthsIn = (zone: string) => {
  const calendar = businessCalendar(zone)
  return (at: Date): string => calendar.isoDay(at).slice(0, 7)
}
