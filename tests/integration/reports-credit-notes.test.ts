import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'

const finance = { kind: 'user', id: '', name: 'Rina', role: 'finance' } as const

/** Times are those of Jakarta: 03:00 UTC is 10:00 there. */
describe.each(databaseKinds())('credit notes in the reports on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, start: '2026-01-11T03:00:00Z' })
    world = billingWorld(test.app)
  })
  afterAll(() => test.close())

  const revenue = async () => {
    const report = await test.app.reports.showReport({ report: 'revenue', role: 'finance', from: '2026-01', to: '2026-03', page: 1, pageSize: 20 })
    const figure = (cell: unknown) => Number((cell as { amount: string }).amount)
    return Object.fromEntries(report.items.map(row => [row.key, [figure(row.cells.invoiced), figure(row.cells.earned), figure(row.cells.deferred)]]))
  }
  const behind = async (month: string, column: string) => {
    let [sum, after]: [number, string | null] = [0, null]
    do {
      const page: Awaited<ReturnType<App['reports']['listReportRows']>> = await test.app.reports.listReportRows({ report: 'revenue', role: 'finance', from: '2026-01', to: '2026-03', key: month, column, limit: 2, ...(after ? { after } : {}) })
      sum += page.items.reduce((total, item) => total + Number(item.amount.amount), 0)
      after = page.next
    } while (after)
    return sum
  }
  type App = TestApp['app']

  it('take off the days that are left what was not earned yet, and of what was taken back whole nothing stays earned', async () => {
    const actor = { ...finance, id: await world.client('Rina') }
    const lineOf = async (invoiceId: string, kindOfLine: string) => (await world.rows<{ id: string }>(sql`select id from invoice_lines where invoice_id = ${invoiceId} and kind = ${kindOfLine}`))[0]?.id ?? ''
    const credit = (invoiceId: string, lines: { lineId: string, amount: ReturnType<typeof money> }[] | null) => test.app.billing.issueCreditNote({ invoiceId, lines, reason: 'gangguan', actor })
    // A: 310,000 for 11 January – 11 February; B the same with a set-up fee of 50,000; C is never paid.
    const a = await world.running({ prices: [310_000n] })
    const b = await world.running({ prices: [310_000n], setup: 50_000n })
    const c = await world.order({ prices: [70_000n] })
    test.clock.set('2026-01-21T03:00:00Z')
    await credit(a.invoiceId, [{ lineId: await lineOf(a.invoiceId, 'service'), amount: money(100_000) }])
    await credit(b.invoiceId, null)
    await credit(c.invoiceId, [{ lineId: await lineOf(c.invoiceId, 'service'), amount: money(20_000) }])
    test.clock.set('2026-01-22T03:00:00Z')
    await credit(c.invoiceId, null)
    // A: 210,000 for 21 of 31 days, less 11 of the 21 days that the 100,000 come off.
    expect(await revenue()).toEqual({ '2026-01': [210_000, 157_620, 52_380], '2026-02': [0, 52_380, 0], '2026-03': [0, 0, 0] })
    for (const [month, figures] of Object.entries(await revenue())) for (const [i, column] of ['invoiced', 'earned', 'deferred'].entries()) expect([month, column, await behind(month, column)]).toEqual([month, column, figures[i]])
    const [account] = await world.rows<{ sum: string }>(sql`select -sum(amount) as sum from journal_lines where account = 'revenue'`)
    expect(Number(account?.sum)).toBe(210_000)
  })
})
