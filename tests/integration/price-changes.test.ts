import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import type { UserActor } from '#server/platform/http.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, tester } from '../support/billing.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))

describe.each(databaseKinds())('price changes with notice on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let actor: UserActor
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    test.clock.set('2026-11-02T03:00:00Z')
    actor = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'business' }
    await test.app.core.database.executor.insert(users).values({ id: actor.id, email: 'dewi@contoh.test', name: 'Dewi', passwordHash: 'x', role: 'business', createdAt: test.clock.now() })
  })
  afterAll(() => test.close())

  /** So many running services of one product. */
  async function running(count = 1) {
    const first = await world.running()
    const [{ product_id: productId } = { product_id: '' }] = await world.rows<{ product_id: string }>(sql`select product_id from services where id = ${first.serviceId}`)
    const more = []
    for (let i = 1; i < count; i += 1) more.push(await world.running())
    await world.rows(sql`update services set product_id = ${productId}`)
    return { productId, services: [first, ...more] }
  }
  const announce = async (productId: string, change: { price?: bigint, effectiveOn?: string, cycle?: 'monthly' | 'annually' } = {}) => {
    const announced = await test.app.billing.announcePrice({ actor, productId, cycle: change.cycle ?? 'monthly', price: money(change.price ?? 150_000n), effectiveOn: change.effectiveOn ?? '2027-01-01' })
    await spread(announced.id)
    return announced
  }
  const spread = (announcementId: string) => test.app.billing.handlers['billing.price-announced']({ announcementId })
  const told = async (serviceId: string) => (await test.app.billing.describeServices([serviceId])).get(serviceId)
  /** The invoice of the next period, paid; what was told of it before is what it asks. */
  async function renew(serviceId: string) {
    const before = await told(serviceId)
    test.clock.set(new Date(((await world.periods(serviceId)).at(-1)?.periodEnd?.getTime() ?? 0) - 14 * day))
    const known = await world.invoicesOf(serviceId)
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
    const invoice = await world.invoice((await world.invoicesOf(serviceId)).find(row => known.every(old => old.id !== row.id))?.id ?? '')
    expect(invoice.total).toBe(before?.nextInvoice?.total.amount)
    await world.pay(invoice.id)
    return invoice.taxable
  }

  it('a service keeps the price it was sold at, whatever the product costs now', async () => {
    const { productId, services: [service] } = await running()
    await test.app.catalog.setPrice({ actor, productId, cycle: 'monthly', price: money(900_000n), setup: money(0n) })
    expect(await renew(service?.serviceId ?? '')).toBe(100_000n)
  })

  it('an announced price holds for periods that begin on its day or later; its client is told once, sees it, and pays it', async () => {
    const { productId, services: [service] } = await running()
    const { serviceId = '', clientId = '' } = service ?? {}
    const { id } = await announce(productId)
    expect(await world.mails('price_change', clientId)).toHaveLength(1)
    expect((await told(serviceId))?.priceChanges).toEqual([{ price: money(150_000n), from: new Date('2026-12-31T17:00:00Z') }])
    // The period of 2 December is before the day, that of 2 January is not.
    expect([await renew(serviceId), await renew(serviceId), await renew(serviceId)]).toEqual([100_000n, 150_000n, 150_000n])
    expect(await world.service(serviceId)).toMatchObject({ price: 150_000n })
    expect((await told(serviceId))?.priceChanges).toEqual([])
    await spread(id)
    expect(await world.mails('price_change', clientId)).toHaveLength(1)
    expect(await world.rows(sql`select 1 from audit_log where action = 'product.announce-price' and entity_id = ${productId}`)).toHaveLength(1)
  })

  it('less notice than thirty days, a day too far ahead, an unknown product and a price that changes nothing are refused', async () => {
    const { productId } = await running()
    const wish = (effectiveOn: string, price = 150_000n, id = productId) => codeOf(test.app.billing.announcePrice({ actor, productId: id, cycle: 'monthly', price: money(price), effectiveOn }))
    expect(await wish('2026-12-01')).toBe('price_notice_short')
    expect(await wish('2028-01-01')).toBe('date_too_far')
    expect(await wish('2027-01-01', 100_000n)).toBe('price_reaches_nobody')
    expect(await wish('2027-01-01', 1n, uuidv7())).toBe('not_found')
    expect(await wish('2026-12-02')).toBe('no error')
  })

  it('it reaches living services of its product and cycle that were sold before it, in batches; a job that runs twice or again after a crash sends nothing twice', async () => {
    const { productId, services } = await running(3)
    const other = await running()
    const yearly = await world.running({ cycle: 'annually' })
    await world.rows(sql`update services set product_id = ${productId} where id = ${yearly.serviceId}`)
    // `running` moved everything to the last product: give the stranger one of its own.
    const [stranger] = other.services
    await world.rows(sql`update services set product_id = ${productId} where id <> ${stranger?.serviceId}`)
    // Copies in numbers, so that it takes more than one batch.
    await world.rows(sql`insert into services (id, order_id, client_id, product_id, product_name, spec, hostname, cycle, price, status, anchor_day, created_at)
      select gen_random_uuid(), order_id, client_id, product_id, product_name, spec, 'n' || n, cycle, price, status, anchor_day, created_at from services, generate_series(1, 450) n where services.id = ${services[0]?.serviceId}`)
    const wish = { productId, cycle: 'monthly' as const, price: money(150_000n), effectiveOn: '2027-01-01' }
    expect(await test.app.billing.previewPrice(wish)).toMatchObject({ services: 453, unchanged: 0, before: { amount: '45300000' }, after: { amount: '67950000' } })
    const { id } = await test.app.billing.announcePrice({ actor, ...wish })
    const later = await world.running()
    await world.rows(sql`update services set product_id = ${productId}, created_at = ${new Date(test.clock.now().getTime() + 1000).toISOString()} where id = ${later.serviceId}`)
    await Promise.all([spread(id), spread(id)])
    const reached = await world.rows<{ n: number, mails: number }>(sql`select (select count(*)::int from service_price_changes where announcement_id = ${id}) as n, (select count(*)::int from mails where template = 'price_change') as mails`)
    expect(reached[0]).toEqual({ n: 453, mails: 453 })
    // As after a crash that lost how far it had come.
    await world.rows(sql`update price_announcements set cursor = null, finished_at = null where id = ${id}`)
    await spread(id)
    expect(await world.rows(sql`select 1 from mails where template = 'price_change'`)).toHaveLength(453)
    const list = await test.app.billing.listPriceAnnouncements({ productId, page: 1, pageSize: 10 })
    expect(list.items).toMatchObject([{ id, touched: 453, withdrawnAt: null }])
    for (const untouched of [stranger?.serviceId ?? '', yearly.serviceId, later.serviceId]) expect((await told(untouched))?.priceChanges).toEqual([])
  })

  it('a job that comes late shortens nobody\'s notice', async () => {
    const { productId, services: [service] } = await running()
    const { id } = await test.app.billing.announcePrice({ actor, productId, cycle: 'monthly', price: money(150_000n), effectiveOn: '2026-12-02' })
    test.clock.advance(10 * day)
    await spread(id)
    expect((await told(service?.serviceId ?? ''))?.priceChanges[0]?.from).toEqual(new Date('2026-12-11T17:00:00Z'))
  })

  it('a locked service is left out until its lock ends, whichever came first', async () => {
    const { productId, services: [early, late, free] } = await running(3)
    const lock = (serviceId = '') => test.app.billing.setServicePrice({ actor, serviceId, price: money(100_000n), lockedUntil: '2027-03-01', reason: 'promised' })
    await lock(early?.serviceId)
    expect(await test.app.billing.previewPrice({ productId, cycle: 'monthly', price: money(150_000n), effectiveOn: '2027-01-01' })).toMatchObject({ services: 3, locked: 1 })
    await announce(productId)
    await lock(late?.serviceId)
    const from = async (serviceId = '') => (await told(serviceId))?.priceChanges.map(change => change.from.toISOString())
    expect([await from(early?.serviceId), await from(late?.serviceId), await from(free?.serviceId)]).toEqual([['2027-02-28T17:00:00.000Z'], ['2027-02-28T17:00:00.000Z'], ['2026-12-31T17:00:00.000Z']])
    // Told the first day, and then the day that the lock moved it to.
    expect(await world.mails('price_change', late?.clientId ?? '')).toHaveLength(2)
    expect([await renew(late?.serviceId ?? ''), await renew(late?.serviceId ?? ''), await renew(late?.serviceId ?? ''), await renew(late?.serviceId ?? '')]).toEqual([100_000n, 100_000n, 100_000n, 150_000n])
  })

  it('a withdrawn announcement is used by no renewal from that moment on, and who was told of it is told so once', async () => {
    const { productId, services: [service] } = await running()
    const { serviceId = '', clientId = '' } = service ?? {}
    const { id } = await announce(productId)
    await test.app.billing.withdrawPrice({ id, actor })
    expect((await told(serviceId))?.priceChanges).toEqual([])
    await spread(id)
    await spread(id)
    expect(await world.mails('price_change_withdrawn', clientId)).toHaveLength(1)
    expect([await renew(serviceId), await renew(serviceId)]).toEqual([100_000n, 100_000n])
    expect(await codeOf(test.app.billing.withdrawPrice({ id, actor }))).toBe('conflict')
  })

  it('a price of its own: lower from the next renewal on, higher only after the notice; it takes the place of what waited, with mail and reason', async () => {
    const { productId, services: [lowered, raised] } = await running(2)
    await announce(productId)
    const set = (serviceId: string, price: bigint) => test.app.billing.setServicePrice({ actor, serviceId, price: money(price), lockedUntil: null, reason: 'a long-standing client' })
    test.clock.set('2026-11-10T03:00:00Z')
    await set(lowered?.serviceId ?? '', 80_000n)
    await set(raised?.serviceId ?? '', 120_000n)
    const changes = async (serviceId = '') => (await told(serviceId))?.priceChanges
    expect([await changes(lowered?.serviceId), await changes(raised?.serviceId)]).toEqual([[], [{ price: money(120_000n), from: new Date('2026-12-09T17:00:00Z') }]])
    expect((await world.rows<{ after: { reason: string } }>(sql`select after from audit_log where action = 'service.set-price' and entity_id = ${lowered?.serviceId}`))[0]?.after.reason).toBe('a long-standing client')
    // The announced price before, and now this one.
    expect(await world.mails('price_change', raised?.clientId ?? '')).toHaveLength(2)
    const taxable = async (serviceId = '') => Promise.all((await world.invoicesOf(serviceId)).map(async invoice => (await world.invoice(invoice.id)).taxable))
    for (const at of ['2026-11-20', '2026-12-20', '2027-01-20']) {
      test.clock.set(`${at}T03:00:00Z`)
      await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
      for (const { serviceId = '' } of [lowered ?? {}, raised ?? {}]) await world.pay((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')
    }
    expect(await taxable(lowered?.serviceId)).toEqual([100_000n, 80_000n, 80_000n, 80_000n])
    expect(await taxable(raised?.serviceId)).toEqual([100_000n, 100_000n, 120_000n, 120_000n])
  })

  it('a service that ended gets no price', async () => {
    const { services: [service] } = await running()
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: service?.serviceId ?? '', reason: 'request', note: 'x', actor }))
    expect(await codeOf(test.app.billing.setServicePrice({ actor, serviceId: service?.serviceId ?? '', price: money(1n), lockedUntil: null, reason: 'abc' }))).toBe('service_ended')
    expect(await codeOf(test.app.billing.setServicePrice({ actor, serviceId: uuidv7(), price: money(1n), lockedUntil: null, reason: 'abc' }))).toBe('not_found')
  })

  it('discount and announced price meet in one invoice: the code takes off the new price', async () => {
    const { productId, services: [service] } = await running()
    const promoId = uuidv7()
    await world.rows(sql`insert into promo_codes (id, code, kind, value, periods, created_at) values (${promoId}, ${promoId}, 'percent', 10, null, now())`)
    await world.rows(sql`insert into service_discounts (service_id, promo_id, label, kind, value) values (${service?.serviceId}, ${promoId}, 'HEMAT', 'percent', 10)`)
    await announce(productId)
    expect([await renew(service?.serviceId ?? ''), await renew(service?.serviceId ?? '')]).toEqual([90_000n, 135_000n])
  })
})
