import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { JournalFilter, MethodMovement, Movement, Reports } from '#server/reports/ports.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { all, cursorMoment, cursorParts, epoch, groupOf, instant, toDetail, within, words } from './report-sql.ts'
import type { RawDetail } from './report-sql.ts'

type Raw<T> = Omit<T, 'amount'> & { readonly amount: string }
const exactly = (column: SQL, value: string | null | undefined) => value === undefined ? undefined : value === null ? sql`${column} is null` : sql`${column} = ${value}`

/** What caused an entry, where that has an id: not cast where it is another text (ours have prefixes, so the shape is enough), and the payment's key is used. */
const causeAsId = sql`case when e.cause_id like '________-____-____-____-____________' then e.cause_id::uuid end`
/** The way of the attempt that an entry is about (what went back, or came again after a charge-back that was won, names its refund); of a payment page what was chosen there. Asked per row, so that a page is read along the index and not sorted out of everything. */
const methodOf = sql`(select coalesce(p.channel, p.method) from payments p where p.id = coalesce((select r.payment_id from refunds r where r.id = ${causeAsId}), ${causeAsId}))`
const conditions = (filter: JournalFilter): SQL => all([
  sql`l.account in (${words(filter.accounts)})`, filter.causes ? sql`e.cause in (${words(filter.causes)})` : undefined, filter.except ? sql`e.cause not in (${words(filter.except)})` : undefined,
  filter.side ? filter.side === 'debit' ? sql`l.amount > 0` : sql`l.amount < 0` : undefined, exactly(sql`l.gateway`, filter.gateway), exactly(methodOf, filter.method),
  filter.clientId ? sql`l.client_id = ${filter.clientId}` : undefined, filter.start ? sql`e.at >= ${instant(filter.start)}` : undefined, sql`e.at < ${instant(filter.end)}`,
])
/** The lines of an entry. With a way of payment entry after entry: the planner takes it for rare, and would sort the whole span for every page. */
const linesFor = ({ method }: JournalFilter): SQL => method === undefined ? sql`join journal_lines l on l.entry_id = e.id` : sql`cross join lateral (select * from journal_lines where entry_id = e.id offset 0) l`

/** What the journal says: sums of accounts by month and by way of payment, and the lines themselves in the order of their booking. */
export const journalReports = (db: Executor): Pick<Reports, 'movements' | 'movementsByMethod' | 'journal' | 'taxBase'> => ({
  async movements(months, accounts) {
    const [first, last] = [months[0], months.at(-1)]
    if (!first || !last) return []
    const found = rowsOf<Raw<Movement>>(await db.execute(sql`
      select ${groupOf(sql`e.at`, months)} as "group", l.account, e.cause, l.amount > 0 as debit, sum(l.amount)::text as amount from journal_entries e join journal_lines l on l.entry_id = e.id
      where ${within(sql`e.at`, { start: first.start, end: last.end })} and l.account in (${words(accounts)}) group by 1, 2, 3, 4`))
    return found.map(row => ({ ...row, amount: BigInt(row.amount) }))
  },
  async movementsByMethod(span) {
    const found = rowsOf<Raw<MethodMovement>>(await db.execute(sql`
      select l.gateway, coalesce(p.channel, p.method) as method, l.account, e.cause, l.amount > 0 as debit, sum(l.amount)::text as amount, count(*)::int as number from journal_entries e join journal_lines l on l.entry_id = e.id left join refunds r on r.id = ${causeAsId} left join payments p on p.id = coalesce(r.payment_id, ${causeAsId})
      where ${within(sql`e.at`, span)} and (l.account = 'gateway_fees' or (l.account in ('bank', 'gateway_clearing') and e.cause not in ('gateway_payout', 'gateway_fee', 'manual_entry'))) group by 1, 2, 3, 4, 5`))
    return found.map(row => ({ ...row, amount: BigInt(row.amount) }))
  },
  async journal(filter, { after, limit }) {
    const from = cursorParts(after, 'moment', 'id', 'number')
    if (from === undefined) return []
    const behind = from ? sql`and e.at >= ${from[0]}::timestamptz and (e.at, e.id, l.position) > (${from[0]}::timestamptz, ${from[1]}::uuid, ${from[2]}::int)` : sql``
    // Names are looked up for the page alone.
    return rowsOf<RawDetail>(await db.execute(sql`
      select ${cursorMoment(sql`x.at`)} || '|' || x.id || '|' || x.position as cursor, ${epoch(sql`x.at`)} as at, x.memo as label, (select u.name from users u where u.id = x.client_id) as "clientName", x.invoice_id as "invoiceId", null as "serviceId", x.amount::text as amount
      from (select e.at, e.id, l.position, e.memo, l.client_id, l.invoice_id, l.amount from journal_entries e ${linesFor(filter)}
        where ${conditions(filter)} ${behind} order by e.at, e.id, l.position limit ${limit}) x order by x.at, x.id, x.position`)).map(toDetail)
  },
  async taxBase(months) {
    const [first, last] = [months[0], months.at(-1)]
    if (!first || !last) return []
    const found = rowsOf<{ group: number, dpp: string }>(await db.execute(sql`
      select ${groupOf(sql`i.issued_at`, months)} as "group", sum(i.dpp)::text as dpp from invoices i where ${within(sql`i.issued_at`, { start: first.start, end: last.end })} group by 1`))
    return months.map((_, i) => BigInt(found.find(row => row.group === i)?.dpp ?? 0))
  },
})
