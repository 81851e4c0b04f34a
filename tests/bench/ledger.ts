import { eq, sql } from 'drizzle-orm'
import { users } from '#db/schema/index.ts'
import type { App } from '#server/platform/app.ts'
import { median } from './measure.ts'
import type { Line } from './measure.ts'

const clientOf = (n: string) => `('01900000-0000-7000-8101-' || lpad(to_hex(${n}), 12, '0'))::uuid`
const repetitions = 300

/**
 * Fills an empty database with a journal of so many lines: payments of a thousand clients over two years, the half of each their credit; with
 * what Finance's closing of all but the last month keeps. The guards' checks per row are left out while it is filled: they are not what is timed.
 */
export async function seedJournal(app: App, lines: number): Promise<void> {
  const entries = lines / 2
  await app.core.database.transaction(async (tx) => {
    const run = (statement: string) => tx.execute(sql.raw(statement))
    await run('set local statement_timeout = 0')
    await run('set local session_replication_role = replica')
    await run(`insert into users (id, email, name, password_hash, created_at) select ${clientOf('n')}, 'j' || n || '@contoh.test', 'Klien ' || n, 'x', now() from generate_series(0, 999) n`)
    await run(`insert into journal_entries (id, cause, cause_id, at, memo, actor) select ('01900000-0000-7000-8102-' || lpad(to_hex(n), 12, '0'))::uuid, 'payment_received', 'bench-' || n, timestamptz '2024-12-01T00:00:00Z' + n * (interval '725 days' / ${entries}), 'INV-' || n, 'system:bench' from generate_series(0, ${entries - 1}) n`)
    await run(`insert into journal_lines (entry_id, position, account, client_id, gateway, amount) select ('01900000-0000-7000-8102-' || lpad(to_hex(n), 12, '0'))::uuid, side, case when side = 1 then 'gateway_clearing' when n % 2 = 0 then 'client_credit' else 'revenue' end, ${clientOf('n % 1000')}, case when side = 1 then 'midtrans' end, case when side = 1 then 100000 else -100000 end from generate_series(0, ${entries - 1}) n, generate_series(1, 2) side`)
    await run('insert into ledger_audits (id, started_at, finished_at, requested_by, entries, head_sequence, head_hash, findings) values (\'01900000-0000-7000-8103-000000000001\', \'2026-11-01\', \'2026-11-01\', \'bench\', 0, 0, \'\', \'[]\')')
    await run(`insert into closed_periods (id, month, starts_at, ends_at, closed_by, closed_at, audit_id, head_sequence) values ('01900000-0000-7000-8104-000000000001', '2026-10', '2026-09-30T17:00:00Z', '2026-10-31T17:00:00Z', ${clientOf('0')}, '2026-11-02', '01900000-0000-7000-8103-000000000001', 0)`)
    await run('insert into closed_period_totals (period_id, account, debit, credit) select \'01900000-0000-7000-8104-000000000001\', l.account, sum(greatest(l.amount, 0)), sum(least(l.amount, 0)) from journal_lines l join journal_entries e on e.id = l.entry_id where e.at < \'2026-10-31T17:00:00Z\' group by l.account')
  })
  await app.core.database.executor.execute(sql`vacuum analyze`)
}

/** Milliseconds of one call, median of many one after the other. */
async function timed(work: (i: number) => Promise<unknown>, times = repetitions): Promise<number> {
  const measured = []
  for (let i = 0; i < times; i++) {
    const started = performance.now()
    await work(i)
    measured.push(performance.now() - started)
  }
  return median(measured)
}

/** What a balance costs on a journal of a million lines, against reading one row by its key; five rounds of both. */
export async function benchLedger(app: App): Promise<Line[]> {
  const { read, database: { executor } } = app.core
  const id = (i: number) => `01900000-0000-7000-8101-${(i % 1000).toString(16).padStart(12, '0')}`
  const rounds: { key: number, credit: number, balances: number }[] = []
  for (let round = 0; round < 6; round++) rounds.push({ key: await timed(i => executor.select().from(users).where(eq(users.id, id(i)))), credit: await timed(i => read.ledger.credit(id(i))), balances: await timed(() => read.books.balances(), 3) })
  const [key, credit, balances] = (['key', 'credit', 'balances'] as const).map(of => median(rounds.slice(1).map(round => round[of])))
  if (!key || !credit || !balances) throw new Error('nothing measured')
  return [
    { name: 'balance of one client, 1,000,000 journal lines / read by key', value: median(rounds.slice(1).map(round => round.credit / round.key)), unit: '×', atMost: 5, note: `${credit.toFixed(2)} and ${key.toFixed(2)} ms` },
    { name: 'balances of all accounts, 1,000,000 journal lines, a month open', value: balances, unit: 'ms' },
  ]
}
