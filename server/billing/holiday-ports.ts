import type { FreeDays, Holiday } from './free-days.ts'

/** The days on which no notice about money goes out. */
export interface HolidayStore {
  /** Everything from a day on, as the calendar goes by it; at most two thousand days. */
  load(from: string): Promise<FreeDays>
  /** A year's days in their order. */
  ofYear(year: number): Promise<Holiday[]>
  count(): Promise<number>
  /** Adds days, or renames those that are there. */
  save(days: readonly Holiday[]): Promise<void>
  /** The name of the day that was removed; null: there was none. */
  remove(day: string): Promise<string | null>
  weekends(): Promise<boolean>
  setWeekends(free: boolean): Promise<void>
}
