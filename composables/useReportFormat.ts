import type { MoneyJson } from '#shared/money/money.ts'
import { formatMoney } from '#shared/money/money.ts'
import { reportShapes } from '#shared/vocabulary/reports.ts'
import type { ColumnKind, ReportName } from '#shared/vocabulary/reports.ts'

type Cell = MoneyJson | number | null | undefined

/** The colours of the series of a chart, in their order; five are told apart in light and dark. */
const tones = ['text-primary', 'text-info', 'text-muted', 'text-warning', 'text-error'] as const

/** How reports write their rows, cells and axes. */
export function useReportFormat() {
  const { t, te } = useI18n()
  const format = useFormat()
  const word = (key: string, otherwise: string) => te(key) ? t(key) : otherwise
  const month = (value: string) => `${t(`common.months.${Number(value.slice(5))}`)} ${value.slice(0, 4)}`
  /** The label of a row: a month, a week's first day, a way of payment, a name. `short`: for an axis. */
  function rowLabel(report: ReportName, label: string, short = false): string {
    switch (reportShapes[report].row) {
      case 'month': return short ? `${t(`common.months.${Number(label.slice(5))}`)} ${label.slice(2, 4)}` : month(label)
      case 'week': return short ? `${Number(label.slice(8))} ${t(`common.months.${Number(label.slice(5, 7))}`)}` : format.date(label)
      case 'method': {
        const [gateway = '', method = ''] = label.split(':')
        return `${word(`reports.gateway.${gateway || 'none'}`, gateway)} · ${word(`reports.method.${method || 'none'}`, method)}`
      }
      case 'client': case 'name': return label
    }
  }
  const cell = (value: Cell, kind: ColumnKind): string => value === null || value === undefined ? '—' : typeof value === 'object' ? formatMoney(value) : kind === 'percent' ? `${format.decimal(value, 1)} %` : String(value)
  /** For drawing only: what is written comes from `cell`. */
  const size = (value: Cell): number => value === null || value === undefined ? 0 : typeof value === 'object' ? Number(value.amount) : value
  /** `1,2 jt`, `1.2M`: the numbers of an axis. */
  function compact(value: number): string {
    const [unit, by] = [['trillion', 1e12], ['billion', 1e9], ['million', 1e6], ['thousand', 1e3]].find(([, least]) => Math.abs(value) >= Number(least)) ?? [null, 1]
    const scaled = value / Number(by)
    const n = format.decimal(scaled, Number.isInteger(scaled) ? 0 : 1)
    return unit ? t(`reports.${unit}`, { n }) : n
  }
  return { rowLabel, month, cell, size, compact, tones }
}
