import type { RowProblemReason } from '#shared/vocabulary/transfers.ts'
import type { DateShape } from './statement-formats.ts'

type Problem = { readonly reason: RowProblemReason }
export interface Period { readonly from: string, readonly until: string }

const monthNames = ['jan', 'feb', 'mar', 'apr', 'mei', 'jun', 'jul', 'agu', 'sep', 'okt', 'nov', 'des']
const english: Readonly<Record<string, string>> = { may: 'mei', aug: 'agu', oct: 'okt', dec: 'des', ags: 'agu' }

/** `2026-11-22`, or nothing when no calendar has that day. */
function isoDay(year: number, month: number, day: number): string | null {
  const at = new Date(Date.UTC(year, month - 1, day))
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === day && year >= 2000 && year < 2100 ? at.toISOString().slice(0, 10) : null
}
const fullYear = (year: string): number => year.length === 2 ? 2000 + Number(year) : Number(year)

const shapes: Readonly<Record<DateShape, (text: string, period: Period | null) => string | Problem | null>> = {
  'day/month/year': (text) => {
    const [, day, month, year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)/.exec(text) ?? []
    return year === undefined ? null : isoDay(fullYear(year), Number(month), Number(day))
  },
  'day/month': (text, period) => {
    const [, day, month] = /^(\d{1,2})\/(\d{1,2})$/.exec(text) ?? []
    if (month === undefined) return null
    if (!period) return { reason: 'no_year' }
    const years = [...new Set([period.from.slice(0, 4), period.until.slice(0, 4)])]
    return years.map(year => isoDay(Number(year), Number(month), Number(day))).find(found => found !== null && found >= period.from && found <= period.until) ?? null
  },
  'year-month-day': (text) => {
    const [, year, month, day] = /^(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/.exec(text) ?? []
    return day === undefined ? null : isoDay(Number(year), Number(month), Number(day))
  },
  'day month-name year': (text) => {
    const [, day, name = '', year] = /^(\d{1,2})[ -]([a-z]{3})[a-z]*[ -](\d{4}|\d{2})(?!\d)/i.exec(text) ?? []
    const month = monthNames.indexOf(english[name.toLowerCase()] ?? name.toLowerCase()) + 1
    return year === undefined || month === 0 ? null : isoDay(fullYear(year), month, Number(day))
  },
}

/** The day that a cell names, in one of the shapes; a day without a year takes the one that lies in the statement's period. */
export function readDay(text: string, dates: readonly DateShape[], period: Period | null): string | Problem {
  for (const shape of dates) {
    const found = shapes[shape](text.trim(), period)
    if (found !== null) return found
  }
  return { reason: 'date' }
}

/** Whole Rupiah, never rounded: cents other than 00 are a problem, and so is a separator where none belongs. */
export function readAmount(text: string, decimal: '.' | ','): bigint | Problem {
  const bare = text.replace(/^rp\.?\s*/i, '').replace(/^\+/, '').trim()
  const [group, point] = decimal === '.' ? [',', '\\.'] : ['\\.', ',']
  const [, whole, cents = ''] = new RegExp(`^(\\d{1,3}(?:${group}\\d{3})+|\\d{0,15})(?:${point}(\\d{1,2}))?$`).exec(bare) ?? []
  if (whole === undefined || bare === '' || whole.length > 19) return { reason: 'amount' }
  if (/[1-9]/.test(cents)) return { reason: 'fraction' }
  return BigInt(whole.replace(/\D/g, '') || '0')
}

/** Whether money came (CR, K) or went (DB, D). */
export function readMark(text: string): 1n | -1n | null {
  const mark = text.trim().toUpperCase()
  return ['CR', 'K', 'C', 'KREDIT', 'CREDIT'].includes(mark) ? 1n : ['DB', 'D', 'DR', 'DEBET', 'DEBIT'].includes(mark) ? -1n : null
}
