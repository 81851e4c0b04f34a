import { sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import { ledgerAccounts } from '#shared/vocabulary/billing.ts'
import type { LedgerAccount } from '#shared/vocabulary/billing.ts'
import type { Books } from '#server/billing/ports.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'

/**
 * The checkpoint of the last closed month, and what was booked since: entries by their time, their lines by their entry. The fence
 * (`offset 0`) keeps the planner from reading every line there is. All lines are read only while no month was ever closed.
 */
export async function accountBalances(db: Executor): ReturnType<Books['balances']> {
  const rows = rowsOf<{ account: LedgerAccount, debit: string, credit: string }>(await db.execute(sql`
    with checkpoint as materialized (select id, ends_at from closed_periods p where not exists (select 1 from reopened_periods r where r.period_id = p.id) order by ends_at desc limit 1)
    select account, sum(debit)::text as debit, sum(credit)::text as credit from (
      select account, debit, credit from closed_period_totals where period_id = (select id from checkpoint)
      union all
      select l.account, greatest(l.amount, 0), least(l.amount, 0) from journal_entries e cross join lateral (select account, amount from journal_lines where entry_id = e.id offset 0) l where e.at >= (select ends_at from checkpoint)
      union all
      select account, greatest(amount, 0), least(amount, 0) from journal_lines where not exists (select 1 from checkpoint)
    ) booked group by account`))
  const found = new Map(rows.map(row => [row.account, row]))
  return ledgerAccounts.map((account) => {
    const [debit, credit] = [BigInt(found.get(account)?.debit ?? 0), BigInt(found.get(account)?.credit ?? 0)]
    return { account, debit: money(debit), credit: money(credit), balance: money(debit + credit) }
  })
}

/** What the last closing kept and the journal says otherwise. Reads every line until its end. */
export const misstatedCheckpoints = async (db: Executor, limit: number) => rowsOf<{ subject: string, detail: string }>(await db.execute(sql`
  with checkpoint as materialized (select id, month, ends_at from closed_periods p where not exists (select 1 from reopened_periods r where r.period_id = p.id) order by ends_at desc limit 1),
    booked as (select l.account, sum(greatest(l.amount, 0)) as debit, sum(least(l.amount, 0)) as credit from journal_lines l join journal_entries e on e.id = l.entry_id where e.at < (select ends_at from checkpoint) group by l.account),
    kept as (select account, sum(debit) as debit, sum(credit) as credit from closed_period_totals where period_id = (select id from checkpoint) group by account)
  select (select month from checkpoint) || ' ' || account as subject, 'kept ' || coalesce(kept.debit, 0) || '/' || coalesce(kept.credit, 0) || ', booked ' || coalesce(booked.debit, 0) || '/' || coalesce(booked.credit, 0) as detail
  from kept full join booked using (account)
  where coalesce(kept.debit, 0) <> coalesce(booked.debit, 0) or coalesce(kept.credit, 0) <> coalesce(booked.credit, 0) limit ${limit}`))
