import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { planSnapshotEntries, planSnapshots } from '#db/schema/index.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'

const finance: Actor = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'finance' }

describe.each(databaseKinds())('the difference to yesterday\'s plan on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    await world.rows(sql`truncate plan_snapshots, plan_snapshot_entries`)
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())
  const run = async (at: string) => {
    test.clock.set(at)
    await test.app.billing.runBilling({ actor: finance, confirmBrake: true })
  }
  const difference = (query: { at?: string, change?: 'came' | 'went' | 'changed' | 'done', kind?: 'send_reminder', page?: number, pageSize?: number, clientId?: string } = {}) =>
    test.app.billing.showPlanDifference({ page: 1, pageSize: 50, locale: 'en', ...query, at: query.at ? new Date(query.at) : undefined })
  const told = async (at: string) => (await difference({ at })).items.map(({ change, kind: act, why }) => `${change} ${act}: ${why}`)
  const count = async () => (await world.rows<{ n: number }>(sql`select count(*)::int as n from plan_snapshot_entries`))[0]?.n ?? 0
  /** A service paid until 2 December, its renewal invoice written on 18 November, seen on the 20th. */
  async function renewed() {
    const order = await world.running()
    await run('2026-11-18T03:30:00Z')
    test.clock.set('2026-11-20T00:10:00Z')
    return { ...order, renewal: (await world.invoicesOf(order.serviceId)).at(-1)?.id ?? '' }
  }

  it('without a plan of yesterday there is none, and it is said; a plan of the day before that does not stand in for it', async () => {
    await renewed()
    expect(await difference()).toMatchObject({ takenAt: null, items: [], total: 0 })
    await test.app.billing.takePlanSnapshot()
    expect(await difference()).toMatchObject({ takenAt: null })
    test.clock.set('2026-11-22T00:10:00Z')
    expect(await difference()).toMatchObject({ takenAt: null })
  })

  it('a plan is kept once a day, the same whoever asks again, and forgotten after three days', async () => {
    await renewed()
    await test.app.billing.takePlanSnapshot()
    const kept = await count()
    // What the invoice due on 2 December meets by 4 December: reminders before, on and after its due date, past due, final notice.
    expect(kept).toBeGreaterThan(4)
    test.clock.set('2026-11-20T09:10:00Z')
    await test.app.billing.takePlanSnapshot()
    expect([await count(), await world.rows(sql`select 1 from plan_snapshots`)]).toEqual([kept, [expect.anything()]])
    test.clock.set('2026-11-24T00:10:00Z')
    await test.app.billing.takePlanSnapshot()
    expect(await world.rows<{ day: string }>(sql`select day::text as day from plan_snapshots`)).toEqual([{ day: '2026-11-24' }])
    expect(await world.rows(sql`select 1 from plan_snapshot_entries e where not exists (select 1 from plan_snapshots s where s.id = e.snapshot_id)`)).toEqual([])
  })

  it('one that was left half done is not shown, is taken anew, and is cleared away', async () => {
    await renewed()
    const db = test.app.core.database.executor
    const half = uuidv7()
    await db.insert(planSnapshots).values({ id: half, day: '2026-11-20', takenAt: new Date('2026-11-19T20:00:00Z'), until: new Date('2026-12-04T00:00:00Z') })
    await db.insert(planSnapshotEntries).values({ snapshotId: half, serviceId: uuidv7(), kind: 'suspend', mark: 'x', dueSince: new Date(), plannedAt: new Date('2026-11-21T00:00:00Z'), held: false })
    await test.app.billing.takePlanSnapshot()
    expect(await world.rows<{ id: string, done: boolean }>(sql`select id, finished_at is not null as done from plan_snapshots`)).toEqual([{ id: expect.not.stringContaining(half), done: true }])
    test.clock.set('2026-11-21T00:10:00Z')
    expect((await difference({ at: '2026-11-30T00:00:00Z' })).total).toBe(0)
  })

  it('when nothing happened and nobody paid, nothing is different, also across an invoice that was written as planned', async () => {
    await world.running()
    test.clock.set('2026-11-17T00:10:00Z')
    await test.app.billing.takePlanSnapshot()
    await run('2026-11-18T03:07:00Z')
    const found = await difference({ at: '2026-11-30T00:00:00Z' })
    expect(found.items.map(item => [item.change, item.kind])).toEqual([['done', 'issue_renewal_invoice']])
    expect(found.items[0]?.invoiceNumber).toMatch(/^INV/)
    expect(found.counts.done.issue_renewal_invoice).toBe(1)
  })

  it('what was paid for went, with the invoice that was paid', async () => {
    const { renewal } = await renewed()
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-11-21T02:00:00Z')
    await world.pay(renewal)
    const number = (await world.invoice(renewal)).number ?? ''
    const found = await difference({ at: '2026-12-03T00:00:00Z' })
    expect(found.takenAt).toBe('2026-11-20T00:10:00.000Z')
    expect([...new Set(found.items.map(item => item.change))]).toEqual(['went'])
    expect(new Set(found.items.map(item => item.why))).toEqual(new Set([`${number} was paid on 21 Nov 2026, 09:00 GMT+7.`]))
    expect(found.items.map(item => item.kind)).toContain('mark_past_due')
    expect(found.items.every(item => item.before && !item.now)).toBe(true)
  })

  it('what credit paid is told apart from what a payment paid', async () => {
    const { renewal, clientId, invoiceId } = await renewed()
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-11-21T02:00:00Z')
    // A second payment for what is paid becomes credit.
    await world.pay(invoiceId, 200_000n)
    await test.app.core.transact(stores => test.app.billing.applyCredit(stores, { invoiceId: renewal, clientId, atMost: null, causeId: renewal, actor: finance }))
    expect((await told('2026-12-01T00:00:00Z'))[0]).toContain('was paid from credit on 21 Nov 2026')
  })

  it('an order that came since is told with its number', async () => {
    test.clock.set('2026-11-20T00:10:00Z')
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-11-21T02:00:00Z')
    const { orderId } = await world.order()
    const found = await difference({ at: '2026-11-24T23:00:00Z' })
    expect(found.items.at(-1)).toMatchObject({ change: 'came', kind: 'expire_order', before: null, why: expect.stringContaining(`ORD-${orderId}`) })
  })

  it('a hold changes what it holds and takes away what would have followed; over, it is told as over', async () => {
    const { serviceId } = await renewed()
    test.clock.set('2026-12-02T00:10:00Z')
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-12-03T01:00:00Z')
    await test.app.billing.setHold({ serviceId, until: new Date('2026-12-20T00:00:00Z'), reason: 'Sengketa', actor: finance })
    const held = await difference({ at: '2026-12-06T23:00:00Z' })
    expect(held.items.find(item => item.kind === 'mark_past_due')).toMatchObject({ change: 'changed', before: { held: false }, now: { held: true }, why: 'The service is held until 20 Dec 2026, 07:00 GMT+7.' })
    expect(held.items.find(item => item.kind === 'suspend')).toMatchObject({ change: 'went', why: 'The service is held until 20 Dec 2026, 07:00 GMT+7.' })
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-12-04T01:00:00Z')
    await test.app.billing.setHold({ serviceId, until: null, reason: '', actor: finance })
    expect(new Set(await told('2026-12-04T02:00:00Z'))).toContain('changed mark_past_due: The service is not held any more.')
  })

  it('a part payment changes the sum, a cancellation takes the renewal away, and what has no trace is called unknown', async () => {
    const { renewal } = await renewed()
    const other = await world.running()
    test.clock.set('2026-12-01T00:10:00Z')
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-12-02T01:00:00Z')
    await world.pay(renewal, 10_000n)
    const found = await difference({ at: '2026-12-03T00:00:00Z' })
    expect(found.items.find(item => item.invoiceId === renewal && item.kind === 'mark_past_due')).toMatchObject({ change: 'changed', before: { amount: { amount: '111000' } }, now: { amount: { amount: '101000' } }, why: expect.stringContaining('was paid in part on') })
    await world.rows(sql`update services set cancel_at_period_end = true where id = ${other.serviceId}`)
    expect((await difference({ at: '2026-12-14T00:00:00Z', clientId: other.clientId })).items.map(item => [item.change, item.kind, item.why])).toEqual(['issue_renewal_invoice', 'send_reminder'].map(act => ['went', act, 'The service is cancelled for the end of what is paid.']))
    await world.rows(sql`delete from plan_snapshot_entries where service_id = ${other.serviceId}`)
    await world.rows(sql`update services set cancel_at_period_end = false where id = ${other.serviceId}`)
    expect((await difference({ at: '2026-12-14T00:00:00Z', clientId: other.clientId })).items.map(item => [item.change, item.kind, item.why])).toEqual(['issue_renewal_invoice', 'send_reminder'].map(act => ['came', act, 'Unknown: nothing on record says why.']))
  })

  it('lists are paged and narrowed, counts are of the whole; beyond what was kept nothing is said', async () => {
    const orders = []
    for (let i = 0; i < 4; i += 1) orders.push(await world.running())
    await run('2026-11-18T03:30:00Z')
    test.clock.set('2026-11-20T00:10:00Z')
    await test.app.billing.takePlanSnapshot()
    test.clock.set('2026-11-21T02:00:00Z')
    for (const { serviceId } of orders) await world.pay((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')
    const at = '2026-12-01T00:00:00Z'
    const whole = await difference({ at })
    const pages = [await difference({ at, pageSize: 3 }), await difference({ at, pageSize: 3, page: 2 })]
    expect(pages.flatMap(page => page.items.map(item => item.key))).toEqual(whole.items.slice(0, 6).map(item => item.key))
    expect(pages[0]?.counts).toEqual(whole.counts)
    expect((await difference({ at, kind: 'send_reminder', change: 'went' })).total).toBe(whole.counts.went.send_reminder)
    expect((await difference({ at, change: 'came' })).items).toEqual([])
    expect((await difference({ at, clientId: orders[0]?.clientId ?? '' })).total).toBe(whole.total / 4)
    expect(await difference({ at: '2026-12-20T00:00:00Z' })).toMatchObject({ beyond: true, total: 0, items: [] })
  })
})
