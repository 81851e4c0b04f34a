import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { App } from '#server/platform/app.ts'
import { startTestApp } from '../support/app.ts'
import { seedServices } from './billing-plan.ts'
import { watchMemory } from './measure.ts'
import type { Line, MostMemory } from './measure.ts'

const start = '2026-11-23T03:00:00Z'
const perBatch = 1000
/** What a renewal leaves, in an order that foreign keys allow. Lines of the journal go with their entries: an entry has to balance when it commits. */
const tables = ['invoices', 'invoice_lines', 'transitions', 'journal_entries', 'renewals', 'mails', 'pgboss.job'] as const

const query = async <T>(app: App, statement: SQL) => (await app.core.database.executor.execute(statement) as unknown as { rows: T[] }).rows
const countRows = async (app: App): Promise<number> => {
  let rows = 0
  for (const table of [...tables, 'journal_lines']) rows += (await query<{ n: number }>(app, sql.raw(`select count(*)::int as n from ${table}`)))[0]?.n ?? 0
  return rows
}

/** What grows with every row written: ids are in the order of their making. Jobs have random ones, their mails do not. */
const keyOf = (table: string) => sql.raw(table === 'invoice_lines' ? 'invoice_id' : table === 'renewals' ? 'service_id' : table === 'pgboss.job' ? '(data ->> \'mailId\')::uuid' : 'id')
const lastKeys = async (app: App) => new Map(await Promise.all(tables.map(async table => [table, (await query<{ last: string }>(app, sql`select max(${keyOf(table)}::text) as last from ${sql.raw(table)}`))[0]?.last ?? ''] as const)))

/** The rows of a table since a key, in the order of their writing, as JSON, so many at a time. */
async function* pagesOf(app: App, table: string, since: string): AsyncGenerator<string> {
  for (let after = since; ;) {
    const [page] = await query<{ rows: string | null, last: string | null }>(app, sql`select json_agg(t)::text as rows, max(t.key) as last from (select t.*, ${keyOf(table)}::text as key from ${sql.raw(table)} t where ${keyOf(table)} > ${after}::uuid order by ${keyOf(table)} limit ${perBatch}) t`)
    if (!page?.rows || !page.last) return
    yield page.rows
    after = page.last
  }
}

/** Writes the rows that `from` holds into an equal house, by plain statements of a thousand rows, each batch committed; the seconds that took. */
async function copyByHand(from: App, since: ReadonlyMap<string, string>, to: App): Promise<number> {
  let milliseconds = 0
  const write = async (statements: readonly [table: string, rows: string][]) => {
    const begun = performance.now()
    await to.core.database.transaction(async (tx) => {
      for (const [table, rows] of statements) await tx.execute(sql`insert into ${sql.raw(table)} select * from json_populate_recordset(null::${sql.raw(table)}, ${rows}::json)`)
    })
    milliseconds += performance.now() - begun
  }
  for (const table of tables) {
    for await (const rows of pagesOf(from, table, since.get(table) ?? '')) {
      const lines = table === 'journal_entries' ? (await query<{ rows: string }>(from, sql`select json_agg(l)::text as rows from journal_lines l join json_populate_recordset(null::journal_entries, ${rows}::json) e on e.id = l.entry_id`))[0]?.rows : null
      await write([[table, rows], ...(lines ? [['journal_lines', lines] as [string, string]] : [])])
    }
  }
  return milliseconds / 1000
}

/** Invoices that one process reads and draws as PDF in a second, after a few that warm it up. */
async function timePrinting(app: App, count: number): Promise<number> {
  const invoices = await query<{ id: string }>(app, sql`select id from invoices order by id limit ${count}`)
  const print = ({ id }: { id: string }) => app.billing.printInvoice({ invoiceId: id, clientId: null, locale: 'id' })
  for (const invoice of invoices.slice(0, 10)) await print(invoice)
  const begun = performance.now()
  for (const invoice of invoices) await print(invoice)
  return invoices.length / (performance.now() - begun) * 1000
}

export interface SweepFigures extends MostMemory { readonly seconds: number, readonly rows: number, readonly byHandSeconds: number, readonly printedPerSecond: number }

/** So many services are billed before: no house that has a hundred thousand is a new one, whose planner knows of no rows at all. */
const history = 1000

/** A house with so many services whose renewal is due, after a first run over a few others. */
async function openHouse(count: number) {
  const house = await startTestApp({ kind: 'postgres', start, workers: false })
  await seedServices(house.app, history + count, 14)
  const later = sql`id > ('01900000-0000-7000-8004-' || lpad(to_hex(${history}::int), 12, '0'))::uuid`
  await query(house.app, sql`update services set hold_until = '2027-01-01T00:00:00Z' where ${later}`)
  const first = await sweep(house.app)
  if (first.done !== history) throw new Error(`the first run did ${first.done}`)
  await query(house.app, sql`update services set hold_until = null where ${later}`)
  await query(house.app, sql`vacuum analyze`)
  return house
}
const sweep = (app: App) => app.billing.runBilling({ actor: { kind: 'system', name: 'bench' }, confirmBrake: false })

/** Plans and runs the calendar over so many services whose renewal is due, and writes the same rows by hand. */
export async function timeSweep(count: number): Promise<SweepFigures> {
  const [ours, theirs] = [await openHouse(count), await openHouse(count)]
  try {
    const [before, since] = [await countRows(ours.app), await lastKeys(ours.app)]
    const memory = watchMemory()
    const begun = performance.now()
    const run = await sweep(ours.app)
    const seconds = (performance.now() - begun) / 1000
    const most = memory.stop()
    if (run.done !== count || run.failed > 0) throw new Error(`the sweep did ${run.done} of ${count}, ${run.failed} failed`)
    return { seconds, rows: await countRows(ours.app) - before, byHandSeconds: await copyByHand(ours.app, since, theirs.app), ...most, printedPerSecond: await timePrinting(ours.app, 100) }
  } finally {
    await ours.close()
    await theirs.close()
  }
}

/** The same sweep over ten times as many services: as fast, row by row, as SQL can be held to, and no larger in memory. */
export async function benchSweep(count: number): Promise<Line[]> {
  const small = await timeSweep(count / 10)
  const large = await timeSweep(count)
  const perSecond = (seconds: number) => (large.rows / seconds).toFixed(0)
  return [
    { name: `sweep over ${count.toLocaleString('en')} due services / same rows by SQL in batches`, value: large.byHandSeconds / large.seconds, unit: '×', atLeast: 0.25, note: `${large.rows.toLocaleString('en')} rows in ${large.seconds.toFixed(1)} s: ${perSecond(large.seconds)} and ${perSecond(large.byHandSeconds)} rows/s` },
    { name: 'invoices read and drawn as PDF', value: small.printedPerSecond, unit: '/s', atLeast: 20 },
    { name: `memory of that sweep / of one over a tenth`, value: large.liveMegabytes / small.liveMegabytes, unit: '×', atMost: 1.25, note: `${large.liveMegabytes.toFixed(0)} and ${small.liveMegabytes.toFixed(0)} MB alive at most; ${large.residentMegabytes.toFixed(0)} and ${small.residentMegabytes.toFixed(0)} MB resident` },
  ]
}
