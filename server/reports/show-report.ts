import { AppError } from '#shared/errors/codes.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import type { MoneyJson } from '#shared/money/money.ts'
import type { ReportName } from '#shared/vocabulary/reports.ts'
import { reportShapes } from '#shared/vocabulary/reports.ts'
import { mayPass } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import type { Cell, ReportDeps, ReportRow, TablePart } from './ports.ts'
import { scopeOf } from './scope.ts'
import type { Scope, SpanQuery } from './scope.ts'
import { reportSources } from './sources.ts'

export interface ReportQuery extends SpanQuery { readonly report: ReportName, readonly role: Role }

/** @throws AppError forbidden when the report is not for this role: business sees what is sold, finance everything */
export function checkAccess({ report, role }: Pick<ReportQuery, 'report' | 'role'>): void {
  if (!mayPass(reportShapes[report].access, role)) throw new AppError('forbidden')
}

/** Adds up what adds up over rows; balances, tallies and percentages have no total. */
export function totalsOf(report: ReportName, rows: readonly ReportRow[]): Record<string, Cell> {
  return Object.fromEntries(reportShapes[report].columns.map(({ key, kind }): [string, Cell] => {
    if (kind === 'flow') return [key, rows.reduce((sum, row) => sum + BigInt(row.cells[key] ?? 0n), 0n)]
    return [key, kind === 'count' ? rows.reduce((sum, row) => sum + Number(row.cells[key] ?? 0), 0) : null]
  }))
}

/** One page of a report's rows, the totals of all of them. */
export async function readPart(deps: ReportDeps, report: ReportName, scope: Scope, window: { readonly limit: number, readonly offset: number }): Promise<TablePart> {
  const { all, part } = reportSources[report]
  if (part) return part(deps, scope, window)
  const rows = await all?.(deps, scope) ?? []
  return { rows: rows.slice(window.offset, window.offset + window.limit), total: rows.length, totals: totalsOf(report, rows) }
}

const cellJson = (cell: Cell): MoneyJson | number | null => typeof cell === 'bigint' ? toMoneyJson(money(cell)) : cell
const cellsJson = (cells: Readonly<Record<string, Cell>>) => Object.fromEntries(Object.entries(cells).map(([key, cell]) => [key, cellJson(cell)]))

/** What the span of a report is called: its months, its day, or its days ahead. */
export function namesOf(report: ReportName, scope: Scope): { from: string, to: string } {
  const { span } = reportShapes[report]
  if (span === 'day') return { from: scope.at.isoDay, to: scope.at.isoDay }
  const keys = span === 'months' ? scope.months.map(month => month.month) : scope.weeks.map(week => week.key)
  return { from: keys[0] ?? '', to: keys.at(-1) ?? '' }
}

/**
 * One report. @throws AppError forbidden when it is not for this role; AppError invalid_input when the span is turned round or too long
 */
export const showReport = (deps: ReportDeps) => async ({ page, pageSize, ...query }: ReportQuery & { readonly page: number, readonly pageSize: number }) => {
  checkAccess(query)
  const scope = scopeOf(deps, query)
  const { rows, total, totals } = await readPart(deps, query.report, scope, { limit: pageSize, offset: (page - 1) * pageSize })
  return { report: query.report, ...namesOf(query.report, scope), items: rows.map(({ key, label, cells }) => ({ key, label, cells: cellsJson(cells) })), totals: cellsJson(totals), total, page, pageSize }
}
