import type { Core } from '../core.ts'

/** How often a process reads the days again: another replica may have changed them. */
const everyMilliseconds = 30_000
/** Days before this are behind every notice. */
const first = '2026-01-01'

/** The free days as this process knows them, read before anything is planned. */
export async function composeHolidays({ read, log }: Core) {
  let days = await read.holidays.load(first)
  const holidaysChanged = async () => {
    days = await read.holidays.load(first)
  }
  const timer = setInterval(() => void holidaysChanged().catch((error: unknown) => log.error({ err: error }, 'the holidays could not be read again')), everyMilliseconds)
  timer.unref()
  return { freeDays: () => days, holidaysChanged, close: () => clearInterval(timer) }
}
export type Holidays = Awaited<ReturnType<typeof composeHolidays>>
