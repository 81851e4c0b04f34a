import { money } from '#shared/money/money.ts'
import type { DetailSource } from './details.ts'
import type { DetailRow, ForeseenRenewal, ReportDeps, ReportRow } from './ports.ts'
import type { Scope, Week } from './scope.ts'

type ForecastDeps = Pick<ReportDeps, 'reports' | 'computeTax' | 'foreseeRenewals'>
const horizonOf = ({ weeks }: Scope): Date => weeks.at(-1)?.end ?? new Date(0)
const total = ({ computeTax }: ForecastDeps, { net, dueAt }: ForeseenRenewal) => computeTax(money(net), dueAt).total.amount

/** Open invoices of a week; what is overdue already is hoped for in the first one. */
const openOf = ({ reports }: ForecastDeps, scope: Scope, week: Week): DetailSource => {
  const due = { from: week === scope.weeks[0] ? null : week.firstDay, until: week.nextDay }
  return window => reports.openInvoices(scope.at, { due }, window)
}

/**
 * What is expected per week: what open invoices still ask for, by their due day, and the renewals that the billing plan foresees if everybody
 * pays in time and nobody leaves, without PPN (`net`) and with it (`total`).
 */
export async function forecastByWeek(deps: ForecastDeps, scope: Scope): Promise<ReportRow[]> {
  const sums = scope.weeks.map(() => ({ renewals: 0, net: 0n, total: 0n }))
  const open = await deps.reports.openByDue(scope.at, scope.weeks.map(week => week.nextDay))
  for await (const renewal of deps.foreseeRenewals(horizonOf(scope))) {
    const sum = sums[Math.max(0, scope.weeks.findIndex(week => renewal.dueAt < week.end))]
    if (!sum || renewal.dueAt >= horizonOf(scope)) continue
    Object.assign(sum, { renewals: sum.renewals + 1, net: sum.net + renewal.net, total: sum.total + total(deps, renewal) })
  }
  return scope.weeks.map(({ key }, i) => {
    const [sum, asked] = [sums[i] ?? { renewals: 0, net: 0n, total: 0n }, open[i] ?? 0n]
    return { key, label: key, cells: { open: asked, ...sum, expected: asked + sum.total } }
  })
}

/** Renewals of a week as rows; their cursor counts them. The plan is walked again for every page: it is stored nowhere. */
const renewalsOf = (deps: ForecastDeps, week: Week, amountOf: (renewal: ForeseenRenewal) => bigint): DetailSource => async ({ after, limit }) => {
  const rows: DetailRow[] = []
  const skip = after === null ? 0 : Number(after)
  let place = 0
  for await (const renewal of deps.foreseeRenewals(week.end)) {
    if (renewal.dueAt < week.start || renewal.dueAt >= week.end) continue
    place += 1
    if (place <= skip) continue
    rows.push({ cursor: String(place), at: renewal.dueAt, label: renewal.hostname, clientName: renewal.clientName, invoiceId: null, serviceId: renewal.serviceId, amount: amountOf(renewal) })
    if (rows.length >= limit) break
  }
  return rows
}

export function forecastDetails(deps: ForecastDeps, scope: Scope, key: string, column: string): DetailSource | null {
  const week = scope.weeks.find(candidate => candidate.key === key)
  if (!week) return null
  switch (column) {
    case 'open': return openOf(deps, scope, week)
    case 'net': return renewalsOf(deps, week, renewal => renewal.net)
    case 'total': return renewalsOf(deps, week, renewal => total(deps, renewal))
    default: return null
  }
}
