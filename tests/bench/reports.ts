import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { App } from '#server/platform/app.ts'
import type { ReportName } from '#shared/vocabulary/reports.ts'
import { median } from './measure.ts'
import type { Line } from './measure.ts'

const year = { from: '2026-01', to: '2026-12' }
const [start, end] = ['2025-12-31T17:00:00Z', '2026-12-31T17:00:00Z']

/** Fills an empty database with a year of so many invoices of a month each, all paid: five lines of the journal per invoice. */
async function seedBooks(app: App, count: number): Promise<void> {
  const run = (statement: SQL) => app.core.database.executor.execute(statement)
  const uuid = (kind: number, n: string) => sql.raw(`('01900000-0000-7000-80${String(kind).padStart(2, '0')}-' || lpad(to_hex(${n}), 12, '0'))::uuid`)
  const clients = Math.max(1, Math.round(count / 100))
  const client = uuid(1, `1 + n % ${clients}`)
  const at = sql.raw(`timestamptz '${start}' + (n % 364) * interval '1 day' + interval '5 hours'`)
  const all = sql.raw(`from generate_series(1, ${count}) n`)
  for (const table of ['journal_entries', 'journal_lines']) await run(sql.raw(`alter table ${table} disable trigger user`))
  await run(sql`insert into users (id, email, name, password_hash, created_at) select ${uuid(1, 'n')}, 'c' || n || '@contoh.test', 'Klien ' || n, 'x', now() from generate_series(1, ${clients}::int) n`)
  await run(sql`insert into products (id, slug, kind, name, summary, description, spec, created_at, updated_at) values (${uuid(2, '1')}, 'vps', 'vps', 'VPS', '{}', '{}', '{}', now(), now())`)
  await run(sql`insert into orders (id, number, client_id, status, placed_at, total) select ${uuid(3, 'n')}, 'ORD-' || n, ${uuid(1, 'n')}, 'fulfilled', ${start}, 0 from generate_series(1, ${clients}::int) n`)
  await run(sql`insert into services (id, order_id, client_id, product_id, product_name, spec, hostname, cycle, price, status, anchor_day, created_at) select ${uuid(4, 'n')}, ${uuid(3, 'n')}, ${uuid(1, 'n')}, ${uuid(2, '1')}, 'VPS', '{}', 'h' || n, 'monthly', 100000, 'active', 1, ${start} from generate_series(1, ${clients}::int) n`)
  await run(sql`insert into invoices (id, client_id, status, series, year, sequence, number, subtotal, discount, taxable, dpp, tax, total, tax_rule, issued_at, due_at, paid_at, buyer, seller, created_at)
    select ${uuid(5, 'n')}, ${client}, 'paid', 'INV', 2026, n, 'INV-2026-' || n, 100000, 0, 100000, 91666, 11000, 111000, 'ppn-12-dpp-11/12', ${at}, ${at} + interval '7 days', ${at} + interval '3 days', '{}', '{}', ${at} ${all}`)
  await run(sql`insert into invoice_lines (id, invoice_id, position, kind, description, service_id, period_start, period_end, amount) select ${uuid(6, 'n')}, ${uuid(5, 'n')}, 1, 'service', 'VPS', ${uuid(4, `1 + n % ${clients}`)}, ${at} + interval '7 days', ${at} + interval '37 days', 100000 ${all}`)
  await run(sql`insert into payments (id, invoice_id, client_id, gateway, method, status, gateway_order_id, amount, settled_amount, created_at, settled_at) select ${uuid(9, 'n')}, ${uuid(5, 'n')}, ${client}, 'midtrans', (array['bca_va', 'bni_va', 'qris'])[1 + n % 3], 'settled', 'O-' || n, 111000, 111000, ${at}, ${at} + interval '3 days' ${all}`)
  await run(sql`insert into journal_entries (id, cause, cause_id, at, memo, actor) select ${uuid(7, 'n')}, 'invoice_issued', ${uuid(5, 'n')}::text, ${at}, 'INV-2026-' || n, 'system:bench' ${all}`)
  await run(sql`insert into journal_entries (id, cause, cause_id, at, memo, actor) select ${uuid(8, 'n')}, 'payment_received', ${uuid(9, 'n')}::text, ${at} + interval '3 days', 'INV-2026-' || n, 'system:bench' ${all}`)
  for (const [kind, position, account, amount] of [[7, 1, 'receivable', 111_000], [7, 2, 'revenue', -100_000], [7, 3, 'ppn_payable', -11_000], [8, 1, 'gateway_clearing', 111_000], [8, 2, 'receivable', -111_000]] as const) {
    await run(sql`insert into journal_lines (entry_id, position, account, client_id, invoice_id, gateway, amount) select ${uuid(kind, 'n')}, ${position}::int, ${account}, ${client}, ${uuid(5, 'n')}, ${account === 'gateway_clearing' ? 'midtrans' : null}, ${amount}::bigint ${all}`)
  }
  for (const table of ['journal_entries', 'journal_lines']) await run(sql.raw(`alter table ${table} enable trigger user`))
  await run(sql`vacuum analyze`)
}

const during = sql.raw(`e.at >= '${start}' and e.at < '${end}'`)
const month = sql.raw(`date_trunc('month', e.at at time zone 'Asia/Jakarta')`)
/** The same figures as somebody who knows these very rows would ask for them: no voided invoices, no deposits, every line with a period of its own. */
const byHand: Partial<Record<ReportName, SQL[]>> = {
  revenue: [
    sql`select ${month}, l.account, sum(l.amount) filter (where l.amount > 0), sum(l.amount) filter (where l.amount < 0) from journal_entries e join journal_lines l on l.entry_id = e.id where ${during} and l.account in ('revenue', 'bank', 'gateway_clearing') group by 1, 2`,
    sql`with m as (select d::date - date '1970-01-01' as d0, (d + interval '1 month')::date - date '1970-01-01' as d1 from generate_series(timestamp '2026-01-01', timestamp '2026-12-01', interval '1 month') d),
      l as materialized (select il.amount, (i.issued_at at time zone 'Asia/Jakarta')::date - date '1970-01-01' as issued, (il.period_start at time zone 'Asia/Jakarta')::date - date '1970-01-01' as f, (il.period_end at time zone 'Asia/Jakarta')::date - date '1970-01-01' as t from invoice_lines il join invoices i on i.id = il.invoice_id)
      select m.d0, sum(l.amount * least(greatest(m.d1 - f, 0), t - f) / (t - f) - l.amount * least(greatest(m.d0 - f, 0), t - f) / (t - f)), sum(l.amount - l.amount * least(greatest(m.d1 - f, 0), t - f) / (t - f)) from m join l on l.issued < m.d1 and l.t >= m.d0 group by 1`,
  ],
  payments: [
    sql`select p.method, l.account, sum(l.amount), count(*) from journal_entries e join journal_lines l on l.entry_id = e.id join payments p on p.id = e.cause_id::uuid where ${during} and e.cause = 'payment_received' and l.account = 'gateway_clearing' group by 1, 2`,
  ],
  tax: [
    sql`select ${month}, e.cause, sum(l.amount) from journal_entries e join journal_lines l on l.entry_id = e.id where ${during} and l.account = 'ppn_payable' group by 1, 2`,
    sql.raw(`select date_trunc('month', issued_at at time zone 'Asia/Jakarta'), sum(dpp) from invoices where issued_at >= '${start}' and issued_at < '${end}' group by 1`),
  ],
}

const timed = async (work: () => Promise<unknown>) => {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Reports of a year over so many lines of the journal, each beside the statements that answer the same by hand. */
export async function benchReports(app: App, journalLines: number): Promise<Line[]> {
  await seedBooks(app, journalLines / 5)
  const lines: Line[] = []
  for (const report of ['revenue', 'tax', 'payments'] as const) {
    const ours = () => app.reports.showReport({ report, role: 'finance', ...year, page: 1, pageSize: 20 })
    const theirs = async () => {
      for (const statement of byHand[report] ?? []) await app.core.database.executor.execute(statement)
    }
    await ours()
    await theirs()
    const runs = []
    for (let i = 0; i < 5; i++) runs.push({ ours: await timed(ours), theirs: await timed(theirs) })
    const [mine, hand] = [median(runs.map(run => run.ours)), median(runs.map(run => run.theirs))]
    lines.push({ name: `${report} of a year over ${journalLines.toLocaleString('en')} journal lines / SQL by hand`, value: mine / hand, unit: '×', atMost: 2, note: `${mine.toFixed(0)} and ${hand.toFixed(0)} ms` })
  }
  return [...lines, await benchExport(app)]
}

/** The rows of one way of payment, a year of them, as a file, beside reading the same rows at once. */
async function benchExport(app: App): Promise<Line> {
  let size = 0
  const took = await timed(async () => {
    const { content } = app.reports.exportReport({ report: 'payments', role: 'finance', ...year, key: 'midtrans:qris', column: 'received', format: 'csv', locale: 'id' })
    for await (const chunk of content) size += chunk.length
  })
  const hand = await timed(() => app.core.database.executor.execute(sql`select e.at, e.memo, u.name, l.amount from journal_entries e join journal_lines l on l.entry_id = e.id join payments p on p.id = e.cause_id::uuid join users u on u.id = l.client_id where ${during} and e.cause = 'payment_received' and l.account = 'gateway_clearing' and p.method = 'qris' order by e.at, e.id`))
  return { name: 'rows of one way of payment as CSV / read at once', value: took / hand, unit: '×', note: `${(size / 1e6).toFixed(1)} MB in ${(took / 1000).toFixed(1)} s; ${(hand / 1000).toFixed(1)} s` }
}
