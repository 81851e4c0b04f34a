import { AppError } from '#shared/errors/codes.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import { detailPage } from './details.ts'
import type { DetailSource } from './details.ts'
import type { ReportDeps } from './ports.ts'
import { scopeOf } from './scope.ts'
import type { Scope } from './scope.ts'
import { checkAccess } from './show-report.ts'
import type { ReportQuery } from './show-report.ts'
import { reportSources } from './sources.ts'

/** @throws AppError not_found when the report has no such row or its column leads to no rows */
export function sourceOf(deps: ReportDeps, scope: Scope, { report, key, column }: Pick<ReportQuery, 'report'> & { readonly key: string, readonly column: string }): DetailSource {
  const source = reportSources[report].details(deps, scope, key, column)
  if (!source) throw new AppError('not_found')
  return source
}

/**
 * The rows that one number of a report was made of, a page at a time; their amounts add up to it. @throws AppError forbidden, not_found,
 * invalid_input as `showReport` and `sourceOf` do
 */
export const listReportRows = (deps: ReportDeps) => async ({ key, column, after, limit, ...query }: ReportQuery & { readonly key: string, readonly column: string, readonly after?: string | undefined, readonly limit: number }) => {
  checkAccess(query)
  const source = sourceOf(deps, scopeOf(deps, query), { report: query.report, key, column })
  const { rows, next } = await detailPage(source, { after: after ?? null, limit })
  return { items: rows.map(({ cursor, at, amount, ...row }) => ({ ...row, id: cursor, at: at?.toISOString() ?? null, amount: toMoneyJson(money(amount)) })), next }
}
