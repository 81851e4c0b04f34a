import type { Access } from './roles.ts'

export const reportNames = ['revenue', 'ageing', 'tax', 'payments', 'credit', 'mrr', 'products', 'promos', 'cohorts', 'forecast'] as const
export type ReportName = typeof reportNames[number]

/**
 * What a column holds. `flow`: money of a span, adds up over the rows. `balance`: money at a moment (or an average), never added up.
 * `count` adds up, `tally` (a number at a moment) does not; `percent` neither.
 */
export type ColumnKind = 'flow' | 'balance' | 'count' | 'tally' | 'percent'
/** `rows`: the number leads to the rows that it was made of. */
interface ReportColumn { readonly key: string, readonly kind: ColumnKind, readonly rows: boolean }
const column = (key: string, kind: ColumnKind, rows = false): ReportColumn => ({ key, kind, rows })

/**
 * One report as data: who may see it, what span it asks for (months, the state at a day, or what lies ahead), what its rows are and what the
 * chart shows: the chosen columns over the rows, or (`totals`) the totals of the columns side by side.
 */
export interface ReportShape {
  readonly access: Access
  readonly span: 'months' | 'day' | 'ahead'
  readonly row: 'month' | 'week' | 'client' | 'method' | 'name'
  readonly columns: readonly ReportColumn[]
  readonly chart: { readonly over: 'rows' | 'totals', readonly bars: readonly string[], readonly line?: string }
}

export const reportShapes: Record<ReportName, ReportShape> = {
  revenue: {
    access: 'finance', span: 'months', row: 'month', chart: { over: 'rows', bars: ['earned', 'cash'], line: 'deferred' },
    columns: [column('invoiced', 'flow', true), column('earned', 'flow', true), column('deferred', 'balance', true), column('received', 'flow', true), column('returned', 'flow', true), column('cash', 'flow')],
  },
  ageing: {
    access: 'finance', span: 'day', row: 'client', chart: { over: 'totals', bars: ['current', 'days30', 'days60', 'days90', 'older'] },
    columns: [column('current', 'flow', true), column('days30', 'flow', true), column('days60', 'flow', true), column('days90', 'flow', true), column('older', 'flow', true), column('total', 'flow', true)],
  },
  tax: {
    access: 'finance', span: 'months', row: 'month', chart: { over: 'rows', bars: ['issued', 'takenBack'], line: 'movement' },
    columns: [column('dpp', 'flow'), column('issued', 'flow', true), column('takenBack', 'flow', true), column('other', 'flow', true), column('movement', 'flow', true)],
  },
  payments: {
    access: 'finance', span: 'months', row: 'method', chart: { over: 'rows', bars: ['received', 'returned', 'fees'] },
    columns: [column('number', 'count'), column('received', 'flow', true), column('returned', 'flow', true), column('fees', 'flow', true), column('net', 'flow')],
  },
  credit: {
    access: 'finance', span: 'day', row: 'client', chart: { over: 'totals', bars: ['credit'] },
    columns: [column('credit', 'flow', true)],
  },
  mrr: {
    access: 'finance', span: 'months', row: 'month', chart: { over: 'rows', bars: ['new', 'expansion', 'reactivation', 'contraction', 'churn'], line: 'end' },
    columns: [column('start', 'balance'), column('new', 'flow', true), column('expansion', 'flow', true), column('reactivation', 'flow', true), column('contraction', 'flow', true), column('churn', 'flow', true), column('end', 'balance', true), column('clients', 'tally')],
  },
  products: {
    access: 'sales', span: 'months', row: 'name', chart: { over: 'rows', bars: ['revenue', 'before'] },
    columns: [column('units', 'count'), column('revenue', 'flow', true), column('cost', 'flow'), column('margin', 'flow'), column('before', 'flow', true), column('trend', 'percent')],
  },
  promos: {
    access: 'sales', span: 'months', row: 'name', chart: { over: 'rows', bars: ['discount', 'revenue', 'renewals'] },
    columns: [column('used', 'count'), column('lapsed', 'count'), column('newClients', 'count'), column('discount', 'flow', true), column('revenue', 'flow', true), column('renewals', 'flow', true)],
  },
  cohorts: {
    access: 'finance', span: 'months', row: 'month', chart: { over: 'rows', bars: ['clients', 'active'] },
    columns: [column('clients', 'count'), column('active', 'count'), column('after1', 'percent'), column('after2', 'percent'), column('after3', 'percent'), column('after6', 'percent'), column('after12', 'percent'), column('revenue', 'flow', true), column('value', 'balance')],
  },
  forecast: {
    access: 'finance', span: 'ahead', row: 'week', chart: { over: 'rows', bars: ['open', 'total'] },
    columns: [column('open', 'flow', true), column('renewals', 'count'), column('net', 'flow', true), column('total', 'flow', true), column('expected', 'flow')],
  },
}

/** Months after the first one at which a cohort is looked at again. */
export const cohortMonths = [1, 2, 3, 6, 12] as const
/** Days that the forecast looks ahead. */
export const forecastDays = 90
/** Longest span of a report in months: what is longer is asked for in two. */
export const longestSpan = 36

export const exportFormats = ['csv', 'xlsx'] as const
export type ExportFormat = typeof exportFormats[number]
