import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day } from '../support/billing.ts'

describe.each(databaseKinds())('many renewals at once on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())
  const many = async (count: number, prices?: bigint[]) => {
    const orders = []
    for (let i = 0; i < count; i += 1) orders.push(await world.running(prices ? { prices } : {}))
    test.clock.advance(17 * day)
    return orders
  }
  const sequences = async () => (await world.rows<{ sequence: number }>(sql`select sequence from invoices where series = 'INV' order by sequence`)).map(row => row.sequence)
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

  it('each gets its invoice, numbers without gap, a balanced entry, its claim and one mail, as if it were alone', async () => {
    const orders = await many(12, [100_000n, 250_000n])
    expect(await world.sweep()).toMatchObject({ done: 24, failed: 0 })
    expect(await sequences()).toEqual(upTo(12 + 24))
    for (const { serviceIds, clientId } of orders) {
      for (const serviceId of serviceIds) {
        const [, renewal] = await world.invoicesOf(serviceId)
        const [claim] = await world.rows<{ invoice_id: string }>(sql`select invoice_id from renewals where service_id = ${serviceId}`)
        expect(claim?.invoice_id).toBe(renewal?.id)
        const owed = await test.app.core.read.ledger.outstanding([renewal?.id ?? ''])
        expect(owed.get(renewal?.id ?? '')).toBe((await world.invoice(renewal?.id ?? '')).total)
        expect(await world.rows(sql`select 1 from transitions where entity_id = ${renewal?.id} and "to" = 'issued'`)).toHaveLength(1)
      }
      expect(await world.mails('invoice_issued', clientId)).toHaveLength(3)
    }
    expect(await world.rows(sql`select entry_id from journal_lines group by entry_id having sum(amount) <> 0`)).toEqual([])
    expect(await world.sweep()).toMatchObject({ done: 0 })
  })

  it('credit is taken off in their order and spent once, a price of 0 makes only its period, others are asked for money', async () => {
    const [rich, free] = [await world.running({ prices: [100_000n, 100_000n] }), await world.order({ prices: [0n] })]
    await world.activate(free.serviceId)
    await many(5)
    await world.pay(rich.invoiceId, 150_000n)
    expect(await world.sweep()).toMatchObject({ done: 8, failed: 0 })
    const [first, second] = await Promise.all(rich.serviceIds.toSorted().map(async id => (await world.invoicesOf(id)).at(-1)))
    expect([first?.status, second?.status]).toEqual(['paid', 'issued'])
    expect((await test.app.core.read.ledger.outstanding([second?.id ?? ''])).get(second?.id ?? '')).toBe(72_000n)
    expect(await test.app.core.read.ledger.credit(rich.clientId)).toBe(0n)
    expect(await world.periods(free.serviceId)).toHaveLength(2)
    expect(await world.invoicesOf(free.serviceId)).toHaveLength(1)
  })

  it('two rows that cannot be billed among many stop no other and leave no gap', async () => {
    const orders = await many(14)
    const broken = [orders[3]?.serviceId, orders[9]?.serviceId].map(id => `'${id}'`).join(', ')
    await test.app.core.database.executor.execute(sql`alter table invoice_lines add constraint fault check (service_id not in (${sql.raw(broken)})) not valid`)
    expect(await world.sweep()).toMatchObject({ status: 'done', done: 12, failed: 2 })
    expect(await sequences()).toEqual(upTo(14 + 12))
    await test.app.core.database.executor.execute(sql`alter table invoice_lines drop constraint fault`)
    expect(await world.sweep()).toMatchObject({ done: 2, failed: 0 })
    expect(await sequences()).toEqual(upTo(14 + 14))
  })

  it('runs at once, while clients order and pay, bill each service once and wait for nobody crosswise', async () => {
    const orders = await many(15)
    const runs = await Promise.all([
      ...Array.from({ length: 4 }, () => world.sweep()),
      ...orders.slice(0, 5).map(async ({ clientId }) => void await world.running({ clientId })),
    ])
    expect(runs.flatMap(run => run ? [run.failed] : [])).toEqual([0, 0, 0, 0])
    expect(runs.reduce((sum, run) => sum + (run?.done ?? 0), 0)).toBe(15)
    for (const { serviceId } of orders) expect(await world.invoicesOf(serviceId)).toHaveLength(2)
    expect(await sequences()).toEqual(upTo(15 + 15 + 5))
  })
})
