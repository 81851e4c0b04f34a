import { z } from 'zod'
import { exportFormats, reportNames } from '#shared/vocabulary/reports.ts'
import { calendarDay, contract, instant, moneyView, pageQuery, uuid } from './contract.ts'

const tag = 'reports'
const access = 'sales'
/** A month of the business zone: `2026-11`. */
const month = z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/, 'month_shape')
const params = z.object({ report: z.enum(reportNames) })
/** `from` and `to` are months (both included); `at` is the day at whose end balances are read. What is left out: the last twelve months, today. */
const span = z.object({ from: month.optional(), to: month.optional(), at: calendarDay.optional() })

/** Money, a number, or nothing where nothing can be said (a percentage of nothing). */
const cell = z.union([moneyView, z.number(), z.null()])
const cells = z.record(z.string(), cell)
/** `label` is a month, the first day of a week, `gateway:method`, or a name. */
export const reportRow = z.object({ key: z.string(), label: z.string(), cells })
export const reportView = z.object({ report: z.enum(reportNames), from: z.string(), to: z.string(), items: z.array(reportRow), totals: cells, total: z.number().int(), page: z.number().int(), pageSize: z.number().int() })
export const showReport = contract({ method: 'GET', path: '/api/admin/reports/{report}', access, tag, summary: 'One report; business sees best sellers and promo codes, finance all of them', params, query: pageQuery.extend(span.shape), response: reportView })

/** What was counted: a booking, a line, an invoice, a client. The amounts of all rows add up to the number that led here. */
export const reportDetail = z.object({ id: z.string(), at: instant.nullable(), label: z.string(), clientName: z.string().nullable(), invoiceId: uuid.nullable(), serviceId: uuid.nullable(), amount: moneyView })
const cellOf = z.object({ key: z.string().max(80), column: z.string().max(30) })
const cursor = z.string().max(200)
export const listReportRows = contract({ method: 'GET', path: '/api/admin/reports/{report}/rows', access, tag, summary: 'The rows that one number of a report was made of; `after` is the `next` of the page before', params, query: span.extend({ ...cellOf.shape, after: cursor.optional(), limit: z.coerce.number().int().min(1).max(100).default(20) }), response: z.object({ items: z.array(reportDetail), next: z.string().nullable() }) })

/** With `key` and `column` the rows behind that number, without them the report itself. CSV takes `;` in Indonesian and `,` in English, as spreadsheets there expect. */
export const exportReport = contract({ method: 'GET', path: '/api/admin/reports/{report}/export', access, tag, summary: 'The report, or the rows behind one of its numbers, as a file', params, query: span.extend({ key: cellOf.shape.key.optional(), column: cellOf.shape.column.optional(), format: z.enum(exportFormats).default('csv'), locale: z.enum(['id', 'en']).default('id') }), produces: 'text/csv' })
