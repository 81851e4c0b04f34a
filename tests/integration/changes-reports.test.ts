import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportsOf } from '#db/repositories/reports.ts'
import { dayNumberOf } from '#server/billing/proration.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { tester } from '../support/billing.ts'
import { changesWorld, large, small } from '../support/changes.ts'
import type { ChangesWorld } from '../support/changes.ts'

const zone = 'Asia/Jakarta'
const month = (name: string, next: string) => ({ month: name, start: new Date(`${name}-01T00:00:00+07:00`), end: new Date(`${next}-01T00:00:00+07:00`), firstDay: dayNumberOf(`${name}-01`), nextDay: dayNumberOf(`${next}-01`) })
const months = [month('2026-11', '2026-12'), month('2026-12', '2027-01'), month('2027-01', '2027-02')]

describe.each(databaseKinds())('reports of changed services on %s', (kind) => {
  let test: TestApp
  let world: ChangesWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = await changesWorld(test)
  })
  afterAll(() => test.close())
  const reports = () => reportsOf(test.app.core.database.executor, zone)
  const sweep = async (at: string) => {
    test.clock.set(at)
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
  }
  const payRenewal = async (serviceId: string) => world.billing.pay((await world.billing.invoicesOf(serviceId)).find(invoice => invoice.status === 'issued')?.id ?? '')

  it('recurring revenue expands by an upgrade in the month that it was paid, and contracts when a smaller plan begins; an upgrade earns on exactly its days', async () => {
    const pro = await world.plan('VPS Pro', large, 250_000n)
    const nano = await world.plan('VPS Nano', { ...large, ramMiB: 4096 }, 90_000n)
    const built = await world.build()
    // Bought on 2 November for 100.000, upgraded on 12 December in the second period.
    await sweep('2026-11-18T03:00:00Z')
    await payRenewal(built.serviceId)
    test.clock.set('2026-12-12T03:00:00Z')
    const change = await world.ask(built, pro)
    await world.billing.pay(change.invoiceId ?? '')
    await world.resize(built.serviceId)
    expect(await reports().mrr(months.slice(0, 2))).toMatchObject([{ start: 0n, new: 100_000n, expansion: 0n, end: 100_000n }, { start: 100_000n, expansion: 150_000n, contraction: 0n, end: 250_000n, clients: 1 }])
    // 31 days, 10 used: 250.000 − 80.645 − (100.000 − 32.258); all of it on the days from 12 December to 2 January.
    const upgrade = await world.billing.invoice(change.invoiceId ?? '')
    expect(upgrade.taxable).toBe(101_613n)
    const lines = await reports().revenueLines(months[1] ?? month('', ''), 'earned', { after: null, limit: 50 })
    expect(lines.find(line => line.invoiceId === upgrade.id)).toMatchObject({ amount: 101_613n, from: dayNumberOf('2026-12-12'), to: dayNumberOf('2027-01-02'), serviceId: built.serviceId })
    // The first period, the second, and what the upgrade cost.
    expect(await reports().cohorts(months.slice(0, 1), months.map(one => one.end), months[1]?.end ?? new Date())).toMatchObject([{ clients: 1, revenue: 100_000n + 100_000n + 101_613n }])
    expect((await reports().cohortClients(months[0] ?? month('', ''), { after: null, limit: 5 }))[0]?.amount).toBe(301_613n)
    // A smaller plan from 2 January on.
    await world.ask(built, nano, { timing: 'renewal' })
    await sweep('2026-12-19T03:00:00Z')
    await payRenewal(built.serviceId)
    await sweep('2027-01-02T03:00:00Z')
    expect((await world.billing.service(built.serviceId)).price).toBe(90_000n)
    expect(await reports().mrr(months)).toMatchObject([{ end: 100_000n }, { start: 100_000n, expansion: 150_000n, end: 250_000n }, { start: 250_000n, contraction: -160_000n, expansion: 0n, end: 90_000n }])
    const found = await reports().earned(months)
    const [invoiced] = await world.billing.rows<{ sum: string }>(sql`select sum(-amount)::text as sum from journal_lines where account = 'revenue'`)
    expect(found.reduce((sum, row) => sum + row.earned, 0n) + (found.at(-1)?.deferred ?? 0n)).toBe(BigInt(invoiced?.sum ?? 0))
  })

  it('an upgrade that lapsed earns nothing and moves no recurring revenue', async () => {
    test.clock.set('2026-11-02T03:00:00Z')
    await world.billing.reset()
    const pro = await world.plan('VPS Pro', { ...small, cpuCores: 2 }, 250_000n)
    const built = await world.build()
    test.clock.set('2026-11-05T03:00:00Z')
    await world.ask(built, pro)
    await sweep('2026-11-08T03:00:00Z')
    expect(await reports().mrr(months.slice(0, 1))).toMatchObject([{ new: 100_000n, expansion: 0n, end: 100_000n }])
    expect((await reports().earned(months.slice(0, 1)))[0]?.earned).toBe(96_666n)
  })
})
