import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { DetailRow, Month, Span, TablePart, TableWindow } from '#server/reports/ports.ts'

/** The rows of a raw statement; both databases answer them alike. */
export const instant = (at: Date): SQL => sql`${at.toISOString()}::timestamptz`
export const within = (column: SQL, { start, end }: Span): SQL => sql`${column} >= ${instant(start)} and ${column} < ${instant(end)}`
/** The number of the day of an instant in the business zone. */
export const dayNumber = (at: SQL, zone: string): SQL => sql`((${at} at time zone ${zone})::date - date '1970-01-01')`
export const words = (values: readonly string[]): SQL => sql.join(values.map(value => sql`${value}`), sql`, `)
export const all = (conditions: readonly (SQL | undefined)[]): SQL => sql.join(conditions.filter(condition => condition !== undefined), sql` and `)
/** Which of the months an instant lies in, from 0. */
export const groupOf = (at: SQL, months: readonly Month[]): SQL => sql`width_bucket(${at}, array[${sql.join(months.map(month => instant(month.start)), sql`, `)}]) - 1`

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const shapes = { id: uuid, number: /^\d{1,9}$/, moment: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ }
/** The parts of a cursor if each has its shape, null from the start; undefined for one that cannot be. */
export function cursorParts(after: string | null, ...parts: readonly (keyof typeof shapes)[]): string[] | null | undefined {
  if (after === null) return null
  const given = after.split('|')
  return given.length === parts.length && parts.every((part, i) => shapes[part].test(given[i] ?? '')) ? given : undefined
}

/** A row behind a number as raw statements answer it: milliseconds and amounts in one form on both databases. */
export interface RawDetail { readonly cursor: string, readonly at: number | null, readonly label: string, readonly clientName: string | null, readonly invoiceId: string | null, readonly serviceId: string | null, readonly amount: string }
export const toDetail = ({ at, amount, ...row }: RawDetail): DetailRow => ({ ...row, at: at === null ? null : new Date(Number(at)), amount: BigInt(amount) })
export const epoch = (at: SQL): SQL => sql`(extract(epoch from ${at}) * 1000)::float8`
export const cursorMoment = (at: SQL): SQL => sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Columns of a table by name: money or a count. */
export type TableColumns = Readonly<Record<string, 'money' | 'count'>>
/**
 * A part of the table that `rows` makes (`key`, `label`, the columns and `size`, by which the largest come first) with the totals of all of it.
 */
export function tableQuery(rows: SQL, columns: TableColumns, window: TableWindow): SQL {
  const names = Object.keys(columns).map(name => sql.identifier(name))
  const sums = sql.join(names.map((name, i) => sql`coalesce(sum(${name}), 0)::text as ${sql.identifier(`t${i}`)}`), sql`, `)
  const cells = sql.join(names.map((name, i) => sql`${name}::text as ${sql.identifier(`c${i}`)}`), sql`, `)
  const part = 'offset' in window
    ? sql`select * from found order by size desc, key limit ${window.limit} offset ${window.offset}`
    : sql`select * from found ${window.after === null ? sql`` : sql`where key > ${window.after}::uuid`} order by key limit ${window.limit}`
  // One row of totals even when the part is empty.
  return sql`with found as materialized (${rows}), part as (${part}), totals as (select count(*)::int as row_count, ${sums} from found)
    select part.key, part.label, totals.*, ${cells} from totals left join part on true order by ${'offset' in window ? sql`size desc, key` : sql`key`}`
}

export function toPart(found: readonly Record<string, string | number | null>[], columns: TableColumns): TablePart {
  const cellsOf = (row: Record<string, string | number | null> | undefined, prefix: 'c' | 't') => Object.fromEntries(Object.entries(columns).map(([name, kind], i) => {
    const value = row?.[`${prefix}${i}`] ?? 0
    return [name, kind === 'money' ? BigInt(value) : Number(value)]
  }))
  return {
    total: Number(found[0]?.row_count ?? 0), totals: cellsOf(found[0], 't'),
    rows: found.filter(row => row.key !== null).map(row => ({ key: String(row.key), label: String(row.label), cells: cellsOf(row, 'c') })),
  }
}
