import type { BusinessCalendar } from './business-calendar.ts'

/** Days (`2026-12-25`) on which nobody is written to about money, by name; with weekends, when the house says so. */
export interface FreeDays { readonly weekends: boolean, readonly names: ReadonlyMap<string, string> }
/** Why a notice goes out on another day than its own; a weekend has no name. */
export interface Moved { readonly from: Date, readonly name: string | null }
export interface Notice { readonly at: Date, readonly moved?: Moved }

/** Further than this nothing is looked for: no run of free days is as long. */
const longest = 30

/** The name of a free day, null for a weekend; undefined: a working day. */
export function nameOfFree(isoDay: string, { weekends, names }: FreeDays): string | null | undefined {
  const weekday = new Date(`${isoDay}T00:00:00Z`).getUTCDay()
  return names.get(isoDay) ?? (weekends && (weekday === 0 || weekday === 6) ? null : undefined)
}

/**
 * A notice on the nearest working day before its own (`direction` -1) or after it, at the same time of day, where `allowed` says that it may
 * go out then; on its own day otherwise. A working day is left as it is.
 */
export function onWorkingDay(at: Date, direction: -1 | 1, allowed: (moved: Date) => boolean, calendar: BusinessCalendar, free: FreeDays | undefined): Notice {
  if (!free || (!free.weekends && free.names.size === 0)) return { at }
  const name = nameOfFree(calendar.isoDay(at), free)
  if (name === undefined) return { at }
  for (let days = 1; days <= longest; days += 1) {
    const moved = calendar.shiftDays(at, direction * days)
    if (nameOfFree(calendar.isoDay(moved), free) === undefined) return allowed(moved) ? { at: moved, moved: { from: at, name } } : { at }
  }
  return { at }
}

/** How many days in a row after the day of a moment are free: so far ahead a notice may come forward to it. */
export function freeRunAfter(at: Date, calendar: BusinessCalendar, free: FreeDays | undefined): number {
  if (!free) return 0
  let days = 0
  while (days < longest && nameOfFree(calendar.isoDay(calendar.shiftDays(at, days + 1)), free) !== undefined) days += 1
  return days
}

export interface Holiday { readonly day: string, readonly name: string }
export interface HolidayLines { readonly days: readonly Holiday[], /** Numbers of lines that are no day with a name. */ readonly wrong: readonly number[] }

/** Days as people paste them, one a line: `2026-12-25 Natal` or `25/12/2026 Natal`. Empty lines are passed over. */
export function readHolidays(text: string): HolidayLines {
  const [days, wrong]: [Holiday[], number[]] = [[], []]
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const found = readLine(line.trim())
    if (found) days.push(found)
    else wrong.push(index + 1)
  }
  return { days, wrong }
}

function readLine(line: string): Holiday | null {
  const [, iso, day, month, year, rest = ''] = /^(?:(\d{4}-\d{2}-\d{2})|(\d{1,2})\/(\d{1,2})\/(\d{4}))[\s,;:.–-]+(.+)$/.exec(line) ?? []
  const name = rest.trim().slice(0, 80)
  const text = iso ?? (day && month && year ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : '')
  const at = new Date(`${text}T00:00:00Z`)
  return name.length < 2 || Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text ? null : { day: text, name }
}
