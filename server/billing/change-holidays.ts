import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditStaff } from './deps.ts'
import { readHolidays } from './free-days.ts'
import type { BillingStores } from './ports.ts'

interface Deps { readonly transact: Transact<BillingStores>, readonly read: BillingStores, /** The rows changed and are committed: this process learns of it. */ readonly holidaysChanged: () => Promise<void> }
const most = 2000

export const showHolidays = ({ read }: Deps) => async ({ year }: { readonly year: number }) => ({ year, weekends: await read.holidays.weekends(), items: await read.holidays.ofYear(year) })

/** Adds days, one a line; a day that is there gets the new name. All or none. @throws AppError invalid_input (lines that are no days, too many) */
export const addHolidays = (deps: Deps) => async ({ lines, actor }: { readonly lines: string, readonly actor: Actor }): Promise<{ added: number }> => {
  const { days, wrong } = readHolidays(lines)
  if (wrong.length > 0 || days.length === 0) throw new AppError('invalid_input', { fields: [{ path: 'lines', code: 'holiday_lines', message: 'holiday_lines', params: { lines: wrong.slice(0, 10).join(', ') || '1' } }] })
  // The last name that was given for a day.
  const named = [...new Map(days.map(holiday => [holiday.day, holiday])).values()]
  await deps.transact(async (stores) => {
    if (await stores.holidays.count() + named.length > most) throw fieldError('lines', 'too_many_kept')
    await stores.holidays.save(named)
    await auditStaff(stores, { actor, action: 'holidays.add', entity: 'holidays', entityId: null, after: { days: named } })
  })
  await deps.holidaysChanged()
  return { added: named.length }
}

/** @throws AppError not_found */
export const removeHoliday = (deps: Deps) => async ({ day, actor }: { readonly day: string, readonly actor: Actor }): Promise<void> => {
  await deps.transact(async (stores) => {
    const name = await stores.holidays.remove(day)
    if (name === null) throw new AppError('not_found')
    await auditStaff(stores, { actor, action: 'holidays.remove', entity: 'holidays', entityId: null, before: { day, name } })
  })
  await deps.holidaysChanged()
}

/** Whether Saturdays and Sundays are free. */
export const setWeekends = (deps: Deps) => async ({ free, actor }: { readonly free: boolean, readonly actor: Actor }): Promise<void> => {
  await deps.transact(async (stores) => {
    await stores.holidays.setWeekends(free)
    await auditStaff(stores, { actor, action: 'holidays.weekends', entity: 'holidays', entityId: null, after: { free } })
  })
  await deps.holidaysChanged()
}
