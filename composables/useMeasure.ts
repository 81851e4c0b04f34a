import { alarmMeasures } from '#shared/vocabulary/monitoring.ts'
import type { AlarmMeasure } from '#shared/vocabulary/monitoring.ts'

/** How figures of monitoring are written: measures of alarms, shares, bytes and rates. */
export function useMeasure() {
  const { t } = useI18n()
  const format = useFormat()
  const percent = (share: number, digits = 1) => `${format.decimal(share * 100, digits)} %`
  const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
  function bytes(value: number): string {
    const power = Math.min(sizes.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10))
    const scaled = value / 1024 ** power
    return `${format.decimal(scaled, scaled < 10 && power > 0 ? 1 : 0)} ${sizes[power]}`
  }
  const rate = (value: number) => `${bytes(value)}/s`
  /** A value of a measure; a dash for what is so or is not. */
  function valueOf(measure: AlarmMeasure, value: number | null): string {
    if (value === null) return '—'
    switch (alarmMeasures[measure]) {
      case 'share': return percent(value)
      case 'minutes': return t('monitoring.minutes', { n: format.decimal(value) })
      case 'state': return '—'
      default: return format.decimal(value, Number.isInteger(value) ? 0 : 2)
    }
  }
  return { percent, bytes, rate, valueOf }
}
