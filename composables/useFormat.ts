import { formatMoney } from '#shared/money/money.ts'
import type { MoneyJson } from '#shared/money/money.ts'

/** Hours are shown in this zone and say so; the offset is fixed, Indonesia has no summer time. */
const zone = 'Asia/Jakarta'
const zoneLabel = 'WIB'

const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

interface Moment { readonly year: string, readonly month: number, readonly day: number, readonly hour: string, readonly minute: string, readonly hasTime: boolean }

/** A calendar day (`2026-11-22`) is taken as it is; an instant is read in the business zone. Null for what is no date. */
function momentOf(value: string): Moment | null {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value)
  if (day) return { year: day[1] ?? '', month: Number(day[2]), day: Number(day[3]), hour: '00', minute: '00', hasTime: false }
  const at = new Date(value)
  if (Number.isNaN(at.getTime())) return null
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.formatToParts(at).find(part => part.type === type)?.value ?? ''
  return { year: of('year'), month: Number(of('month')), day: Number(of('day')), hour: of('hour'), minute: of('minute'), hasTime: true }
}

/**
 * How Gardu writes dates, times, money, amounts of memory and spans, the same on server and in every browser (so that hydration finds what
 * the server wrote): `22 Nov 2026`, `22 Nov 2026, 14.05 WIB`, `Rp 1.250.000`, `4 GiB`.
 */
export function useFormat() {
  const { t, locale } = useTexts()
  const clock = (m: Moment) => `${m.hour}${locale.value === 'id' ? '.' : ':'}${m.minute}`
  const day = (m: Moment) => `${m.day} ${t(`common.months.${m.month}`)} ${m.year}`
  const date = (value: string | null | undefined): string => {
    const moment = value ? momentOf(value) : null
    return moment ? day(moment) : '—'
  }
  /** With the hour and its zone; a calendar day stays a day. */
  const dateTime = (value: string | null | undefined): string => {
    const moment = value ? momentOf(value) : null
    return !moment ? '—' : moment.hasTime ? `${day(moment)}, ${clock(moment)} ${zoneLabel}` : day(moment)
  }
  /** The hour alone, where the day is plain. */
  const time = (value: string | null | undefined): string => {
    const moment = value ? momentOf(value) : null
    return moment ? `${clock(moment)} ${zoneLabel}` : '—'
  }
  const decimal = (value: number, digits = 0) => locale.value === 'id' ? value.toFixed(digits).replace('.', ',') : value.toFixed(digits)
  /** `4 GiB`, `512 MiB`. */
  const memory = (mebibytes: number) => mebibytes >= 1024 ? `${decimal(mebibytes / 1024, mebibytes % 1024 === 0 ? 0 : 1)} GiB` : `${decimal(mebibytes)} MiB`
  /** The two largest units of a span: `3 h 4 min`. */
  const duration = (seconds: number) => {
    const whole = Math.max(0, Math.round(seconds))
    const units = [['day', Math.floor(whole / 86_400)], ['hour', Math.floor(whole / 3600) % 24], ['minute', Math.floor(whole / 60) % 60], ['second', whole % 60]] as const
    const from = units.findIndex(([, count]) => count > 0)
    return from < 0 ? t('common.span.second', { n: 0 }) : units.slice(from, from + 2).filter(([, count]) => count > 0).map(([unit, count]) => t(`common.span.${unit}`, { n: count })).join(' ')
  }
  return { date, dateTime, decimal, duration, memory, time, money: (value: MoneyJson) => formatMoney(value) }
}
