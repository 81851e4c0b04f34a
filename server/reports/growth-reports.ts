import { shiftMonth } from '#shared/calendar/month.ts'
import { cohortMonths } from '#shared/vocabulary/reports.ts'
import type { DetailSource } from './details.ts'
import type { Calendar, Cell, Month, MrrChange, ReportRow, Reports } from './ports.ts'
import { monthOf } from './scope.ts'

/** Monthly recurring revenue from month end to month end: what it began with and its five movements make what it ends with. */
export async function mrrByMonth(reports: Reports, months: readonly Month[]): Promise<ReportRow[]> {
  const found = await reports.mrr(months)
  return months.flatMap(({ month }, i) => {
    const cells = found[i]
    return cells ? [{ key: month, label: month, cells: { ...cells } }] : []
  })
}

const changes: readonly (MrrChange | 'end')[] = ['new', 'expansion', 'reactivation', 'contraction', 'churn', 'end']
export function mrrDetails(reports: Reports, month: Month, column: string): DetailSource | null {
  const what = changes.find(name => name === column)
  return what ? window => reports.mrrChanges(month, what, window) : null
}

const percent = (part: number, whole: number): number | null => whole === 0 ? null : Math.round(part * 1000 / whole) / 10

/** Clients by the month of their first paid period: how many still pay so many months later, and what one has brought so far. */
export async function cohortsByMonth(reports: Reports, calendar: Calendar, months: readonly Month[], now: Date): Promise<ReportRow[]> {
  const [first] = months
  if (!first) return []
  const bounds = Array.from({ length: months.length + Math.max(...cohortMonths) + 1 }, (_, i) => monthOf(calendar, shiftMonth(first.month, i)).start).filter(bound => bound <= now)
  const found = await reports.cohorts(months, bounds, now)
  return months.flatMap(({ month }, i) => {
    const cohort = found[i]
    if (!cohort || cohort.clients === 0) return []
    const kept = Object.fromEntries(cohortMonths.map((later): [string, Cell] => [`after${later}`, i + 1 + later < bounds.length ? percent(cohort.kept.get(later) ?? 0, cohort.clients) : null]))
    return [{ key: month, label: month, cells: { clients: cohort.clients, active: cohort.active, ...kept, revenue: cohort.revenue, value: cohort.revenue / BigInt(cohort.clients) } }]
  })
}
