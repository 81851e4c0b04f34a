import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { AgeBucket, Reports } from '#server/reports/ports.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { all, cursorParts, dayNumber, epoch, instant, tableQuery, toDetail, toPart } from './report-sql.ts'
import type { RawDetail, TableColumns } from './report-sql.ts'

/** Days overdue by bucket; what is not due yet is current. */
const buckets: Record<AgeBucket, SQL> = { current: sql`late <= 0`, days30: sql`late between 1 and 30`, days60: sql`late between 31 and 60`, days90: sql`late between 61 and 90`, older: sql`late > 90` }
const ages: TableColumns = { current: 'money', days30: 'money', days60: 'money', days90: 'money', older: 'money', total: 'money' }
const credits: TableColumns = { credit: 'money' }

/**
 * What the journal says that each invoice still asked for at an instant, and how many days that is late then. A deposit's
 * invoice asks for nothing until its credit was spent: what it books as receivable, it books as a deposit to be given too. Only an invoice that is open now
 * or was closed later can have been open then: the others are passed over, however many there are.
 */
const open = (at: { readonly end: Date, readonly day: number }, zone: string, condition: SQL = sql`true`): SQL => sql`
  select i.id, i.number, i.client_id, i.due_at, o.owed, ${at.day}::int - ${dayNumber(sql`i.due_at`, zone)} as late from invoices i cross join lateral (
    select sum(l.amount) as owed from journal_lines l join journal_entries e on e.id = l.entry_id where l.invoice_id = i.id and l.account in ('receivable', 'deposits') and e.at < ${instant(at.end)}
  ) o where i.issued_at < ${instant(at.end)} and (i.status = 'issued' or coalesce(i.paid_at, i.closed_at) >= ${instant(at.end)}) and ${condition} and o.owed <> 0`

/** What clients owe us and we owe them, at the end of any day. */
export const clientReports = (db: Executor, zone: string): Pick<Reports, 'ageing' | 'openInvoices' | 'openByDue' | 'credit'> => ({
  async ageing(at, window) {
    const sums = sql.join(Object.entries(buckets).map(([name, is]) => sql`coalesce(sum(owed) filter (where ${is}), 0) as ${sql.identifier(name)}`), sql`, `)
    const rows = sql`select o.client_id as key, u.name as label, ${sums}, sum(owed) as total, sum(owed) as size from (${open(at, zone)}) o join users u on u.id = o.client_id group by o.client_id, u.name`
    return toPart(rowsOf(await db.execute(tableQuery(rows, ages, window))), ages)
  },
  async openInvoices(at, { clientId, bucket, due }, { after, limit }) {
    const from = cursorParts(after, 'id')
    if (from === undefined) return []
    const behind = all([clientId ? sql`i.client_id = ${clientId}` : sql`true`, from ? sql`i.id > ${from[0]}::uuid` : undefined])
    const day = dayNumber(sql`o.due_at`, zone)
    const wanted = all([sql`true`, bucket ? buckets[bucket] : undefined, due ? sql`${day} < ${due.until}` : undefined, due && due.from !== null ? sql`${day} >= ${due.from}` : undefined])
    return rowsOf<RawDetail>(await db.execute(sql`
      select o.id::text as cursor, ${epoch(sql`o.due_at`)} as at, o.number as label, u.name as "clientName", o.id as "invoiceId", null as "serviceId", o.owed::text as amount
      from (${open(at, zone, behind)}) o join users u on u.id = o.client_id where ${wanted} order by o.id limit ${limit}`)).map(toDetail)
  },
  async openByDue(at, days) {
    const bounds = sql.join(days.map(day => sql`${day}::int`), sql`, `)
    const found = rowsOf<{ i: number, owed: string }>(await db.execute(sql`select width_bucket(${dayNumber(sql`o.due_at`, zone)}, array[${bounds}]) as i, sum(o.owed)::text as owed from (${open(at, zone)}) o group by 1`))
    return days.map((_, i) => BigInt(found.find(row => row.i === i)?.owed ?? 0))
  },
  async credit(end, window) {
    const rows = sql`select l.client_id as key, u.name as label, -sum(l.amount) as credit, -sum(l.amount) as size
      from journal_lines l join journal_entries e on e.id = l.entry_id join users u on u.id = l.client_id where l.account = 'client_credit' and e.at < ${instant(end)} group by l.client_id, u.name having sum(l.amount) <> 0`
    return toPart(rowsOf(await db.execute(tableQuery(rows, credits, window))), credits)
  },
})
