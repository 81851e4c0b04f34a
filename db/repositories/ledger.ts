import { and, asc, count, desc, eq, exists, gt, gte, ilike, inArray, isNull, sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { BookedEntry } from '#server/billing/journal-seal.ts'
import type { JournalLine } from '#server/billing/ledger.ts'
import type { Books, LedgerAudits } from '#server/billing/ports.ts'
import type { GatewayName } from '#shared/vocabulary/payments.ts'
import type { Executor } from '../client.ts'
import { containing } from '../search-pattern.ts'
import { journalEntries, journalLines, journalSeals, ledgerAudits } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'
import { accountBalances, misstatedCheckpoints } from './account-balances.ts'

type Row = typeof journalEntries.$inferSelect

/** The smallest UUIDv7 made an hour before this one: nobody keeps a transaction open for as long. */
function anHourBefore(id: string): string {
  const milliseconds = Math.max(0, Number.parseInt(id.replace('-', '').slice(0, 12), 16) - 3_600_000).toString(16).padStart(12, '0')
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-0000-0000-000000000000`
}

export const toJournalLine = (line: typeof journalLines.$inferSelect): JournalLine => ({ account: line.account, clientId: line.clientId, invoiceId: line.invoiceId, gateway: line.gateway as GatewayName | null, amount: money(line.amount, line.currency) })

async function withLines(db: Executor, rows: readonly Row[]): Promise<BookedEntry[]> {
  if (rows.length === 0) return []
  const lines = await db.select().from(journalLines).where(inArray(journalLines.entryId, rows.map(row => row.id))).orderBy(asc(journalLines.entryId), asc(journalLines.position))
  const byEntry = Map.groupBy(lines, line => line.entryId)
  return rows.map(row => ({ ...row, lines: (byEntry.get(row.id) ?? []).map(toJournalLine) }))
}

type Found = { subject: string, detail: string }

const books = (db: Executor): Books => ({
  async lockChain() {
    await db.execute(sql`select pg_advisory_xact_lock(hashtextextended('journal.chain', 0))`)
  },
  async lastSeal() {
    const [row] = await db.select({ sequence: journalSeals.sequence, entryId: journalSeals.entryId, hash: journalSeals.hash }).from(journalSeals).orderBy(desc(journalSeals.sequence)).limit(1)
    return row ?? null
  },
  async unsealed({ after, limit }) {
    const rows = await db.select({ entry: journalEntries }).from(journalEntries).leftJoin(journalSeals, eq(journalSeals.entryId, journalEntries.id)).where(and(isNull(journalSeals.entryId), after ? gte(journalEntries.id, anHourBefore(after)) : undefined)).orderBy(asc(journalEntries.id)).limit(limit)
    return withLines(db, rows.map(row => row.entry))
  },
  async addSeals(seals, at) {
    await db.insert(journalSeals).values(seals.map(seal => ({ ...seal, sealedAt: at })))
  },
  async links({ after, limit }) {
    const rows = await db.select({ seal: journalSeals, entry: journalEntries }).from(journalSeals).innerJoin(journalEntries, eq(journalEntries.id, journalSeals.entryId)).where(gt(journalSeals.sequence, after)).orderBy(asc(journalSeals.sequence)).limit(limit)
    const entries = await withLines(db, rows.map(row => row.entry))
    return rows.flatMap(({ seal }, i) => entries[i] ? [{ seal, entry: entries[i] }] : [])
  },
  unbalanced: async limit => rowsOf<Found>(await db.execute(sql`
    select e.id::text as subject, coalesce(string_agg(distinct l.total::text || ' ' || l.currency, ', '), 'no_lines') as detail from journal_entries e
    left join lateral (select currency, sum(amount) as total from journal_lines where entry_id = e.id group by currency having sum(amount) <> 0) l on true
    where l.total is not null or not exists (select 1 from journal_lines where entry_id = e.id) group by e.id limit ${limit}`)),
  // What an issued invoice asked for is its total; it is paid exactly if nothing of that is left, and closed ones ask for nothing.
  misstatedInvoices: async limit => rowsOf<Found>(await db.execute(sql`
    select coalesce(i.number, i.id::text) as subject, i.status || ': total ' || i.total || ', booked ' || coalesce(b.issued, 0) || ', left ' || coalesce(b.left_over, 0) as detail from invoices i
    left join lateral (select sum(l.amount) as left_over, sum(l.amount) filter (where e.cause = 'invoice_issued') as issued from journal_lines l join journal_entries e on e.id = l.entry_id where l.invoice_id = i.id and l.account = 'receivable') b on true
    where case i.status when 'draft' then coalesce(b.issued, 0) <> 0 else coalesce(b.issued, 0) <> i.total end
      or case i.status when 'issued' then coalesce(b.left_over, 0) <= 0 else coalesce(b.left_over, 0) <> 0 end
    limit ${limit}`)),
  // What a payment moved is what was settled, less what left again; entries of returns name the return.
  misbookedPayments: async limit => rowsOf<Found>(await db.execute(sql`
    select p.id::text as subject, p.status || ': says ' || s.said || ', booked ' || coalesce(b.moved, 0) as detail from payments p
    cross join lateral (select case when p.status in ('settled', 'refunded', 'charged_back') then coalesce(p.settled_amount, p.amount) - coalesce((select sum(r.amount) from refunds r where r.payment_id = p.id and r.status = 'done' and r.kind in ('gateway', 'manual', 'chargeback')), 0) else 0 end as said) s
    left join lateral (
      select sum(l.amount) as moved from (select p.id as ref union select r.id from refunds r where r.payment_id = p.id) x
      join journal_entries e on e.cause_id = x.ref::text and e.cause in ('payment_received', 'manual_payment', 'payment_reversed', 'refund') join journal_lines l on l.entry_id = e.id where l.account in ('bank', 'gateway_clearing')) b on true
    where coalesce(b.moved, 0) <> s.said limit ${limit}`)),
  misbookedCreditNotes: async limit => rowsOf<Found>(await db.execute(sql`
    select n.number as subject, 'says ' || n.total || ', booked ' || coalesce(b.earned, 0) || ' as ' || coalesce(b.owed, 0) || ' + ' || coalesce(b.credit, 0) as detail from credit_notes n
    left join lateral (select sum(l.amount) filter (where l.account in ('revenue', 'late_fees', 'ppn_payable')) as earned, -sum(l.amount) filter (where l.account = 'receivable') as owed, -sum(l.amount) filter (where l.account = 'client_credit') as credit
      from journal_entries e join journal_lines l on l.entry_id = e.id where e.cause = 'credit_note' and e.cause_id = n.id::text) b on true
    where coalesce(b.earned, 0) <> n.total or coalesce(b.owed, 0) <> n.to_invoice or coalesce(b.credit, 0) <> n.to_credit
    union all select i.number, 'total ' || i.total || ', credited ' || sum(n.total) from credit_notes n join invoices i on i.id = n.invoice_id group by i.id having sum(n.total) > i.total or sum(n.tax) > i.tax
    limit ${limit}`)),
  overspentCredits: async limit => rowsOf<Found>(await db.execute(sql`
    select client_id::text as subject, (-sum(amount))::text as detail from journal_lines where account = 'client_credit' group by client_id having sum(amount) > 0 limit ${limit}`)),
  misstatedCheckpoints: limit => misstatedCheckpoints(db, limit),
  balances: () => accountBalances(db),
  async entries({ q, account, cause, page, pageSize }) {
    const where = and(
      cause ? eq(journalEntries.cause, cause) : undefined, q ? ilike(journalEntries.memo, containing(q)) : undefined,
      account ? exists(db.select({ one: sql`1` }).from(journalLines).where(and(eq(journalLines.entryId, journalEntries.id), eq(journalLines.account, account)))) : undefined,
    )
    const rows = await db.select({ entry: journalEntries, sequence: journalSeals.sequence, hash: journalSeals.hash }).from(journalEntries).leftJoin(journalSeals, eq(journalSeals.entryId, journalEntries.id)).where(where).orderBy(desc(journalEntries.at), desc(journalEntries.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(journalEntries).where(where)
    const entries = await withLines(db, rows.map(row => row.entry))
    return { items: rows.flatMap(({ sequence, hash }, i) => entries[i] ? [{ sequence, hash, entry: entries[i] }] : []), total: counted?.total ?? 0, page, pageSize }
  },
})

const audits = (db: Executor): LedgerAudits => ({
  async insert(audit) {
    await db.insert(ledgerAudits).values({ ...audit, findings: [...audit.findings] })
  },
  async last() {
    const [row] = await db.select().from(ledgerAudits).orderBy(desc(ledgerAudits.finishedAt), desc(ledgerAudits.id)).limit(1)
    return row ?? null
  },
  async list({ page, pageSize }) {
    const items = await db.select().from(ledgerAudits).orderBy(desc(ledgerAudits.finishedAt), desc(ledgerAudits.id)).limit(pageSize).offset((page - 1) * pageSize)
    const [counted] = await db.select({ total: count() }).from(ledgerAudits)
    return { items, total: counted?.total ?? 0, page, pageSize }
  },
})

export const ledgerStores = (db: Executor) => ({ books: books(db), ledgerAudits: audits(db) })
