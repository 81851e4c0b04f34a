import { asc, count, desc, eq, inArray, isNull, min, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { money } from '#shared/money/money.ts'
import { ledgerAccounts } from '#shared/vocabulary/billing.ts'
import type { PeriodStore } from '#server/billing/ledger-ports.ts'
import type { Executor } from '../client.ts'
import { closedPeriods, closedPeriodTotals, journalEntries, reopenedPeriods, users } from '../schema/index.ts'
import { rowsOf } from '../rows-of.ts'

const closer = alias(users, 'closer')
const opener = alias(users, 'opener')

/** See `PeriodStore.openFrom`; one statement, so that what was closed while it waited is seen. */
export async function journalOpenFrom(db: Executor): Promise<Date | null> {
  const [row] = rowsOf<{ at: number | null }>(await db.execute(sql`select (extract(epoch from journal_open_from()) * 1000)::float8 as at`))
  return row?.at == null ? null : new Date(Number(row.at))
}

export const periodStores = (db: Executor) => ({
  periods: {
    async lock() {
      await db.execute(sql`select pg_advisory_xact_lock(hashtextextended('journal.periods', 0))`)
    },
    openFrom: () => journalOpenFrom(db),
    async lastClosed() {
      const [row] = await db.select({ id: closedPeriods.id, month: closedPeriods.month, endsAt: closedPeriods.endsAt, closedBy: closedPeriods.closedBy }).from(closedPeriods).leftJoin(reopenedPeriods, eq(reopenedPeriods.periodId, closedPeriods.id)).where(isNull(reopenedPeriods.periodId)).orderBy(desc(closedPeriods.endsAt)).limit(1)
      return row ?? null
    },
    async firstEntryAt() {
      const [row] = await db.select({ at: min(journalEntries.at) }).from(journalEntries)
      return row?.at ?? null
    },
    async evidence({ startsAt, endsAt, headSequence }) {
      const [row] = rowsOf<{ waiting: number, booked_since: boolean }>(await db.execute(sql`
        select (select count(*)::int from manual_entries where status = 'proposed' and at < ${endsAt.toISOString()}) as waiting,
          exists (select 1 from journal_entries e left join journal_seals s on s.entry_id = e.id where e.at >= ${startsAt.toISOString()} and e.at < ${endsAt.toISOString()} and (s.sequence is null or s.sequence > ${headSequence})) as booked_since`))
      return { waiting: row?.waiting ?? 0, bookedSince: row?.booked_since ?? true }
    },
    async close({ after, ...period }) {
      await db.insert(closedPeriods).values(period)
      await db.execute(sql`
        insert into closed_period_totals (period_id, account, currency, debit, credit)
        select ${period.id}::uuid, account, currency, sum(debit)::bigint, sum(credit)::bigint from (
          select account, currency, debit, credit from closed_period_totals where period_id = ${after}::uuid
          union all
          select l.account, l.currency, greatest(l.amount, 0), least(l.amount, 0) from journal_entries e join journal_lines l on l.entry_id = e.id where e.at >= ${period.startsAt.toISOString()} and e.at < ${period.endsAt.toISOString()}
        ) booked group by account, currency`)
    },
    async reopen(reopening) {
      await db.insert(reopenedPeriods).values(reopening)
    },
    async list({ page, pageSize }) {
      const rows = await db.select({ period: closedPeriods, closer: closer.name, reopening: reopenedPeriods, opener: opener.name }).from(closedPeriods).innerJoin(closer, eq(closer.id, closedPeriods.closedBy))
        .leftJoin(reopenedPeriods, eq(reopenedPeriods.periodId, closedPeriods.id)).leftJoin(opener, eq(opener.id, reopenedPeriods.reopenedBy)).orderBy(desc(closedPeriods.closedAt), desc(closedPeriods.id)).limit(pageSize).offset((page - 1) * pageSize)
      const [counted] = await db.select({ total: count() }).from(closedPeriods)
      const totals = rows.length === 0 ? [] : await db.select().from(closedPeriodTotals).where(inArray(closedPeriodTotals.periodId, rows.map(row => row.period.id))).orderBy(asc(closedPeriodTotals.periodId))
      const order = new Map(ledgerAccounts.map((account, i) => [account, i]))
      const byPeriod = Map.groupBy(totals, row => row.periodId)
      const items = rows.map(({ period: { closedBy, ...period }, reopening, ...names }) => ({
        ...period, closedBy: { id: closedBy, name: names.closer }, reopened: reopening && { by: { id: reopening.reopenedBy, name: names.opener ?? '' }, at: reopening.reopenedAt, reason: reopening.reason },
        totals: (byPeriod.get(period.id) ?? []).sort((a, b) => (order.get(a.account) ?? 0) - (order.get(b.account) ?? 0)).map(({ account, debit, credit, currency }) => ({ account, debit: money(debit, currency), credit: money(credit, currency) })),
      }))
      return { items, total: counted?.total ?? 0, page, pageSize }
    },
  } satisfies PeriodStore,
})
