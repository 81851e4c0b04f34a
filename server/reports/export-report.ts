import type { Locale } from '#shared/vocabulary/catalog.ts'
import { reportShapes } from '#shared/vocabulary/reports.ts'
import type { ColumnKind, ExportFormat, ReportName } from '#shared/vocabulary/reports.ts'
import { everyDetail } from './details.ts'
import { sourceOf } from './list-report-rows.ts'
import type { Cell, ReportDeps, ReportRow, SheetCell, SheetColumn, SheetWriter } from './ports.ts'
import { scopeOf } from './scope.ts'
import type { Scope } from './scope.ts'
import { checkAccess, namesOf, readPart } from './show-report.ts'
import type { ReportQuery } from './show-report.ts'
import { reportSources } from './sources.ts'

/** The words of a file in one language. */
export interface ReportWords { title(report: ReportName): string, row(report: ReportName): string, column(report: ReportName, column: string): string, detail(name: 'at' | 'label' | 'client' | 'amount'): string, rowLabel(report: ReportName, label: string): string }
export type ExportDeps = ReportDeps & { readonly words: Record<Locale, ReportWords>, readonly writers: Record<ExportFormat, SheetWriter> }
export interface ExportQuery extends ReportQuery { readonly key?: string | undefined, readonly column?: string | undefined, readonly format: ExportFormat, readonly locale: Locale }

const kindOf = (kind: ColumnKind): SheetColumn['kind'] => kind === 'flow' || kind === 'balance' ? 'money' : 'number'
const tablePage = 5_000

/** All rows of a report by key, one part in memory at a time. */
async function* everyRow(deps: ReportDeps, report: ReportName, scope: Scope): AsyncGenerator<ReportRow> {
  const { part } = reportSources[report]
  if (!part) return yield* (await readPart(deps, report, scope, { limit: Number.MAX_SAFE_INTEGER, offset: 0 })).rows
  for (let after: string | null = null; ;) {
    const { rows } = await part(deps, scope, { limit: tablePage, after })
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < tablePage) return
    after = last.key
  }
}

async function* tableRows(deps: ExportDeps, query: ExportQuery, scope: Scope): AsyncGenerator<SheetCell[]> {
  const { columns } = reportShapes[query.report]
  for await (const row of everyRow(deps, query.report, scope)) yield [deps.words[query.locale].rowLabel(query.report, row.label), ...columns.map(({ key }): Cell => row.cells[key] ?? null)]
}

async function* detailRows(deps: ExportDeps, query: ExportQuery & { readonly key: string, readonly column: string }, scope: Scope): AsyncGenerator<SheetCell[]> {
  for await (const { at, label, clientName, amount } of everyDetail(sourceOf(deps, scope, query))) yield [at, label, clientName, amount]
}

/**
 * A report, or the rows behind one of its numbers, as a file that is written while it is read: neither is ever whole in memory. What is wrong
 * with the question is told before the first byte. @throws AppError as `listReportRows` does
 */
export const exportReport = (deps: ExportDeps) => (query: ExportQuery): { name: string, type: string, content: AsyncIterable<Uint8Array> } => {
  checkAccess(query)
  const scope = scopeOf(deps, query)
  const { report, key, column, locale, format } = query
  const words = deps.words[locale]
  const { from, to } = namesOf(report, scope)
  const name = ['gardu', report, key && column ? `${key.replaceAll(/[^\w-]/g, '_')}-${column}` : from === to ? from : `${from}_${to}`].join('-')
  const columns: SheetColumn[] = key !== undefined && column !== undefined
    ? [{ label: words.detail('at'), kind: 'moment' }, { label: words.detail('label'), kind: 'text' }, { label: words.detail('client'), kind: 'text' }, { label: words.detail('amount'), kind: 'money' }]
    : [{ label: words.row(report), kind: 'text' }, ...reportShapes[report].columns.map(({ key, kind }): SheetColumn => ({ label: words.column(report, key), kind: kindOf(kind) }))]
  if (key !== undefined && column !== undefined) sourceOf(deps, scope, { report, key, column })
  const rows = key !== undefined && column !== undefined ? detailRows(deps, { ...query, key, column }, scope) : tableRows(deps, query, scope)
  const writer = deps.writers[format]
  return { name: `${name}.${format}`, type: writer.type, content: writer.write({ title: words.title(report), columns, rows, locale, zone: deps.zone }) }
}
