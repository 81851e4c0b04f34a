import { z } from 'zod'
import { calendarDay, contract } from './contract.ts'

const tag = 'admin'
const access = 'finance' as const
const year = z.coerce.number().int().min(2020).max(2100)
export const holidaysView = z.object({ year: z.number().int(), /** Saturdays and Sundays are free. */ weekends: z.boolean(), items: z.array(z.object({ day: calendarDay, name: z.string() })) })

export const showHolidays = contract({ method: 'GET', path: '/api/admin/billing/holidays', access, tag, summary: 'The days of a year on which no reminder goes out', query: z.object({ year }), response: holidaysView })
/** One a line: `2026-12-25 Natal` or `25/12/2026 Natal`. */
export const addHolidaysBody = z.object({ lines: z.string().min(1, 'holiday_lines').max(20_000) })
export const addHolidays = contract({ method: 'POST', path: '/api/admin/billing/holidays', access, tag, summary: 'Add days, one a line with its name; a day that is there is renamed', body: addHolidaysBody, response: z.object({ added: z.number().int() }), status: 201, creates: true })
export const removeHoliday = contract({ method: 'DELETE', path: '/api/admin/billing/holidays/{day}', access, tag, summary: 'Make a day a working day again', params: z.object({ day: calendarDay }), status: 204 })
export const setWeekends = contract({ method: 'PUT', path: '/api/admin/billing/weekends', access, tag, summary: 'Say whether reminders go out on weekends', body: z.object({ free: z.boolean() }), status: 204 })
