import type { ReportName } from '#shared/vocabulary/reports.ts'
import type { DetailSource } from './details.ts'
import { forecastByWeek, forecastDetails } from './forecast-report.ts'
import { cohortsByMonth, mrrByMonth, mrrDetails } from './growth-reports.ts'
import { ageingDetails, creditDetails, paymentDetails, paymentsByMethod, revenueByMonth, revenueDetails, taxByMonth, taxDetails } from './money-reports.ts'
import type { Month, ReportDeps, ReportRow, TablePart, TableWindow } from './ports.ts'
import type { Scope } from './scope.ts'

interface Source {
  /** Whole: as many rows as the span has months, weeks or methods. */
  readonly all?: (deps: ReportDeps, scope: Scope) => Promise<ReportRow[]>
  /** In parts: as many rows as there are clients, products or codes. */
  readonly part?: (deps: ReportDeps, scope: Scope, window: TableWindow) => Promise<TablePart>
  /** Null: no such row or column. */
  readonly details: (deps: ReportDeps, scope: Scope, key: string, column: string) => DetailSource | null
}
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const ofId = (key: string, make: () => DetailSource | null): DetailSource | null => uuid.test(key) ? make() : null
const ofMonth = ({ months }: Scope, key: string, make: (month: Month) => DetailSource | null): DetailSource | null => {
  const month = months.find(candidate => candidate.month === key)
  return month ? make(month) : null
}

/** Where the rows of each report come from, and the rows behind them. */
export const reportSources: Record<ReportName, Source> = {
  revenue: { all: ({ reports }, { months }) => revenueByMonth(reports, months), details: ({ reports }, scope, key, column) => ofMonth(scope, key, month => revenueDetails(reports, month, column)) },
  tax: { all: ({ reports }, { months }) => taxByMonth(reports, months), details: ({ reports }, scope, key, column) => ofMonth(scope, key, month => taxDetails(reports, month, column)) },
  payments: { all: ({ reports }, { span }) => paymentsByMethod(reports, span), details: ({ reports }, { span }, key, column) => paymentDetails(reports, span, key, column) },
  mrr: { all: ({ reports }, { months }) => mrrByMonth(reports, months), details: ({ reports }, scope, key, column) => ofMonth(scope, key, month => mrrDetails(reports, month, column)) },
  cohorts: {
    all: ({ reports, calendar }, { months, now }) => cohortsByMonth(reports, calendar, months, now),
    details: ({ reports }, scope, key, column) => ofMonth(scope, key, month => column === 'revenue' ? window => reports.cohortClients(month, window) : null),
  },
  forecast: { all: (deps, scope) => forecastByWeek(deps, scope), details: forecastDetails },
  ageing: { part: ({ reports }, { at }, window) => reports.ageing(at, window), details: ({ reports }, { at }, key, column) => ofId(key, () => ageingDetails(reports, at, key, column)) },
  credit: { part: ({ reports }, { at }, window) => reports.credit(at.end, window), details: ({ reports }, { at }, key, column) => ofId(key, () => creditDetails(reports, at.end, key, column)) },
  products: {
    part: ({ reports }, { span, before }, window) => reports.products(span, before, window),
    details: ({ reports }, { span, before }, key, column) => ofId(key, () => column === 'revenue' || column === 'before' ? window => reports.productLines(key, column === 'revenue' ? span : before, window) : null),
  },
  promos: {
    part: ({ reports }, { span }, window) => reports.promos(span, window),
    details: ({ reports }, { span }, key, column) => ofId(key, () => column === 'discount' || column === 'revenue' || column === 'renewals' ? window => reports.promoLines(key, column, span, window) : null),
  },
}
