import type { Locale } from '#shared/vocabulary/catalog.ts'
import { alarmMeasures } from '#shared/vocabulary/monitoring.ts'
import type { AlarmMeasure } from '#shared/vocabulary/monitoring.ts'
import type { AlarmRecord } from './ports.ts'

/** Sentences of letters about alarms, in the reader's language. */
const measures: Record<Locale, Record<AlarmMeasure, string>> = {
  id: {
    node_cpu: 'CPU node', node_memory: 'memori node', node_disk: 'disk sistem node', node_offline: 'node tidak aktif', storage_used: 'penyimpanan terpakai', storage_inactive: 'penyimpanan tidak aktif', panel_load: 'beban server hosting', panel_disk: 'disk server hosting',
    connection_unhealthy: 'koneksi bermasalah', silent: 'tidak ada data', failed_sagas: 'pekerjaan mesin yang gagal', queue_age: 'antrean tertunda', mail_age: 'surat tertunda',
    machines_unbacked: 'mesin tanpa cadangan terbaru', accounts_unbacked: 'akun hosting tanpa cadangan terbaru',
  },
  en: {
    node_cpu: 'node CPU', node_memory: 'node memory', node_disk: 'node system disk', node_offline: 'node is offline', storage_used: 'storage used', storage_inactive: 'storage is not active', panel_load: 'hosting server load', panel_disk: 'hosting server disk',
    connection_unhealthy: 'connection fails', silent: 'no data', failed_sagas: 'failed acts on machines', queue_age: 'queue waits', mail_age: 'mails wait',
    machines_unbacked: 'machines without a recent backup', accounts_unbacked: 'hosting accounts without a recent backup',
  },
}
const words = { id: { limit: 'batas', minutes: 'menit', days: (n: number) => ` (${n} hari)`, critical: 'KRITIS', warning: 'peringatan' }, en: { limit: 'limit', minutes: 'minutes', days: (n: number) => ` (${n} ${n === 1 ? 'day' : 'days'})`, critical: 'CRITICAL', warning: 'warning' } } as const

function written(measure: AlarmMeasure, value: number, locale: Locale): string {
  const number = (digits: number) => new Intl.NumberFormat(locale === 'id' ? 'id-ID' : 'en-GB', { maximumFractionDigits: digits }).format(alarmMeasures[measure] === 'share' ? value * 100 : value)
  switch (alarmMeasures[measure]) {
    case 'share': return `${number(1)} %`
    case 'minutes': return `${number(0)} ${words[locale].minutes}`
    default: return number(alarmMeasures[measure] === 'count' ? 0 : 2)
  }
}

/** One line about one alarm: what, where, how much, and what it may be. */
export function alarmLine({ measure, severity, threshold, days, subjectName, connectionName, value }: AlarmRecord, locale: Locale): string {
  const where = subjectName === '' ? '' : `${subjectName}${connectionName && connectionName !== subjectName ? ` · ${connectionName}` : ''}: `
  const figures = alarmMeasures[measure] === 'state' || value === null ? '' : ` ${written(measure, value, locale)} (${words[locale].limit} ${written(measure, threshold, locale)})`
  return `[${words[locale][severity]}] ${where}${measures[locale][measure]}${days === null ? '' : words[locale].days(days)}${figures}`
}
