import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, hour, tester } from '../support/billing.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))

describe.each(databaseKinds())('bringing services to one renewal day on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    await world.rows(sql`delete from alignments`).catch(() => {})
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())

  const sweep = () => world.sweep(true)
  const show = (clientId: string, more: { day?: string, serviceIds?: string[] } = {}) => test.app.billing.showAlignment({ clientId, day: more.day ?? null, serviceIds: more.serviceIds ?? null })
  const actorOf = (clientId: string): Actor => ({ kind: 'user', id: clientId, name: 'Sari', role: 'client' })
  const ask = (clientId: string, serviceIds: string[], day: string, expectedTotal?: string) => test.app.billing.requestAlignment({ clientId, serviceIds, day, expectedTotal, actor: actorOf(clientId) })
  /** Three services of one client, paid until 2, 10 and 17 December. */
  async function three() {
    const clientId = await world.client()
    const services = []
    for (const moment of ['2026-11-02T03:00:00Z', '2026-11-10T03:00:00Z', '2026-11-17T03:00:00Z']) {
      test.clock.set(moment)
      services.push((await world.running({ clientId, prices: [310_000n] })).serviceId)
    }
    return { clientId, services, ids: services as [string, string, string] }
  }

  it('offers the latest day, and asks for exact days: one invoice that extends the periods and moves their day when it is paid', async () => {
    const { clientId, ids: [first, second, third] } = await three()
    const shown = await show(clientId)
    expect(shown).toMatchObject({ day: '2026-12-17', moves: 2, net: { amount: '220000' } })
    expect(shown.services.find(service => service.serviceId === first)).toMatchObject({ days: 15, net: { amount: '150000' } })
    const { invoiceId } = await ask(clientId, [first, second, third], '2026-12-17', shown.total.amount)
    expect((await world.invoice(invoiceId)).total.toString()).toBe(shown.total.amount)
    expect(await world.periods(first)).toHaveLength(1)
    await world.pay(invoiceId)
    for (const serviceId of [first, second]) {
      const periods = await world.periods(serviceId)
      expect(periods.at(-1)).toMatchObject({ periodStart: periods.at(-2)?.periodEnd, periodEnd: new Date('2026-12-17T03:00:00Z'), invoiceId })
      expect(await world.service(serviceId)).toMatchObject({ anchorDay: 17 })
    }
    await test.clock.set('2026-12-03T04:00:00Z')
    await sweep()
    for (const serviceId of [first, second, third]) expect((await world.invoicesOf(serviceId)).at(-1)?.due_at && new Date((await world.invoicesOf(serviceId)).at(-1)?.due_at ?? 0)).toEqual(new Date('2026-12-17T03:00:00Z'))
  })

  it('pays whole periods and the rest of one, where the day is far', async () => {
    const { clientId, ids: [first] } = await three()
    const { invoiceId } = await ask(clientId, [first], '2027-01-12')
    await world.pay(invoiceId)
    expect((await world.periods(first)).slice(1)).toMatchObject([{ periodEnd: new Date('2027-01-02T03:00:00Z'), amount: 310_000n }, { periodEnd: new Date('2027-01-12T03:00:00Z'), amount: 100_000n }])
  })

  it('writes no renewal of what waits for its money; unpaid it lapses, and the renewal comes as if nothing had been', async () => {
    const { clientId, ids: [first] } = await three()
    const { invoiceId } = await ask(clientId, [first], '2026-12-17')
    test.clock.set('2026-11-18T04:00:00Z')
    await sweep()
    expect(await world.invoicesOf(first)).toHaveLength(2)
    expect((await test.app.billing.describeServices([first])).get(first)?.openInvoiceId).toBeNull()
    test.clock.set('2026-11-19T04:00:00Z')
    await sweep()
    expect(await world.invoice(invoiceId)).toMatchObject({ status: 'void' })
    await sweep()
    expect(await world.service(first)).toMatchObject({ status: 'active', anchorDay: 2 })
    expect((await world.invoicesOf(first)).map(row => row.status).sort()).toEqual(['issued', 'paid', 'void'])
    // Money that comes all the same is credit.
    await world.pay(invoiceId, 100_000n)
    expect(await world.periods(first)).toHaveLength(1)
  })

  it('refuses by name what owes a renewal, is cancelled or waits already, foreign services, and days that move nothing or go back', async () => {
    const { clientId, ids: [first, second, third] } = await three()
    expect(await codeOf(ask(clientId, [third], '2026-12-10'))).toBe('alignment_before')
    expect(await codeOf(ask(clientId, [third], '2026-12-17'))).toBe('alignment_nothing')
    expect(await codeOf(ask(clientId, [third], '2029-12-17'))).toBe('date_too_far')
    expect(await codeOf(ask(await world.client(), [third], '2026-12-20'))).toBe('not_found')
    expect(await codeOf(ask(clientId, [first], '2026-12-17', '1'))).toBe('price_changed')
    await ask(clientId, [first], '2026-12-17')
    const refused = await ask(clientId, [first, second], '2026-12-17').catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'alignment_refused', params: { hostname: `${first}.contoh.id` } })
    await test.app.core.transact(stores => test.app.billing.scheduleCancellation(stores, { serviceId: second, clientId, cancel: true, actor: actorOf(clientId) }))
    test.clock.set('2026-12-04T03:00:00Z')
    await sweep()
    expect((await show(clientId, { day: '2027-01-05' })).services.map(service => service.refusal).sort()).toEqual(['renewal_open', 'renewal_open', 'service_cancelled'])
  })

  it('is taken back by its client, and ends when one of its services is cancelled; both void the invoice', async () => {
    const { clientId, ids: [first, second] } = await three()
    const one = await ask(clientId, [first, second], '2026-12-17')
    const { open: [waiting] } = await show(clientId)
    expect(await codeOf(test.app.billing.cancelAlignment({ clientId: await world.client(), alignmentId: waiting?.id ?? '', actor: tester }))).toBe('not_found')
    await test.app.billing.cancelAlignment({ clientId, alignmentId: waiting?.id ?? '', actor: actorOf(clientId) })
    test.clock.advance(hour)
    const other = await ask(clientId, [first, second], '2026-12-17')
    await test.app.core.transact(stores => test.app.billing.scheduleCancellation(stores, { serviceId: second, clientId, cancel: true, actor: actorOf(clientId) }))
    expect([await world.invoice(one.invoiceId), await world.invoice(other.invoiceId)].map(invoice => invoice.status)).toEqual(['void', 'void'])
    expect(await world.rows(sql`select status from alignments order by created_at`)).toEqual([{ status: 'cancelled' }, { status: 'lapsed' }])
  })

  it('asked for twice at once is done once', async () => {
    const { clientId, ids: [first, second] } = await three()
    const outcomes = await Promise.all([ask(clientId, [first, second], '2026-12-17'), ask(clientId, [second, first], '2026-12-17')].map(codeOf))
    expect(outcomes.sort()).toEqual(['alignment_refused', 'no error'])
  })
})
