import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { productPrices, products, users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { OrderItem } from '#server/ordering/ports.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, tester } from '../support/billing.ts'
import { clientActor } from '../support/changes.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))

describe.each(databaseKinds())('what is paid once on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let shop: ReturnType<typeof shopWorld>
  let place: Awaited<ReturnType<typeof shop.connection>>
  let staff: UserActor
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
    shop = shopWorld(test.app)
    place = await shop.connection()
  })
  beforeEach(async () => {
    await world.reset()
    test.clock.set('2026-11-02T03:00:00Z')
    staff = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'owner' }
    await test.app.core.database.executor.insert(users).values({ id: staff.id, email: 'dewi@contoh.test', name: 'Dewi', passwordHash: 'x', role: 'owner', createdAt: test.clock.now() })
  })
  afterAll(() => test.close())

  const sweep = () => world.sweep(true)
  const db = () => test.app.core.database.executor
  const machine = (price = 3_000_000n) => shop.product(place, { name: 'VPS Selamanya', more: { one_time: price } })
  async function work(price = 500_000n) {
    const id = uuidv7()
    await db().insert(products).values({ id, slug: id, kind: 'work', name: 'Migrasi situs', summary: { id: 'a', en: 'a' }, description: { id: 'a', en: 'a' }, spec: { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }, status: 'active', createdAt: test.clock.now(), updatedAt: test.clock.now() })
    await db().insert(productPrices).values({ id: uuidv7(), productId: id, cycle: 'one_time', price, setup: 0n, effectiveFrom: test.clock.now(), createdAt: test.clock.now() })
    return id
  }
  const once = (productId: string, more: Partial<ReturnType<typeof shop.item>> = {}) => ({ ...shop.item(productId, place.templateId), ...more, cycle: 'one_time' as const })
  const shopItem = (productId: string, hostname?: string) => shop.item(productId, place.templateId, hostname)
  const ordered = { options: [], trial: false }
  async function order(items: OrderItem[], promoCodes: string[] = [], clientId?: string) {
    const buyer = clientId ?? await shop.buyer()
    const placed = await shop.ordering.placeOrder({ clientId: buyer, items: items.map(item => ({ ...item, ...ordered })), promoCodes, cartToken: null })
    return { clientId: buyer, ...placed, invoiceId: placed.invoiceId ?? '', serviceId: placed.items[0]?.serviceId ?? '' }
  }
  /** A machine for good, paid and built. */
  async function built() {
    const sold = await order([once(await machine())])
    await world.pay(sold.invoiceId)
    await world.activate(sold.serviceId)
    return sold
  }
  async function workPaid() {
    const sold = await order([{ ...once(await work(), { hostname: 'toko.contoh.id' }), templateId: null }])
    await world.pay(sold.invoiceId)
    return sold
  }
  const act = (id: string, what: Parameters<TestApp['app']['provisioning']['actOnAdminService']>[0]['act']) => test.app.provisioning.actOnAdminService({ id, act: what, actor: staff })

  it('race: all that one order bought is made active at once, and nobody waits crosswise', async () => {
    const productId = await machine()
    const sold: Awaited<ReturnType<typeof order>>[] = []
    for (let i = 0; i < 6; i += 1) {
      const placed = await order(Array.from({ length: 4 }, (_, n) => once(productId, { hostname: `a${i}-${n}.contoh.id` })))
      await world.pay(placed.invoiceId)
      sold.push(placed)
    }
    await Promise.all(sold.flatMap(placed => placed.items.map(({ serviceId }) => world.activate(serviceId))))
    for (const placed of sold) expect((await world.orderRow(placed.id)).status).toBe('fulfilled')
  })

  describe('a machine', () => {
    it('is charged once with PPN, has no end, and nothing of it is ever invoiced, reminded, suspended or ended again', async () => {
      const productId = await machine()
      const quote = await shop.ordering.quoteCart({ cart: { items: [once(productId)], promoCodes: [] }, clientId: null, unknown: 'refuse' })
      expect(quote).toMatchObject({ subtotal: { amount: '3000000' }, total: { amount: '3330000' }, lines: [{ cycle: 'one_time', nextInvoiceOn: null, nextInvoiceTotal: null }] })
      const sold = await order([once(productId)])
      expect((await world.invoice(sold.invoiceId)).total).toBe(3_330_000n)
      await world.pay(sold.invoiceId)
      expect(await world.jobs('billing.service-paid', 'serviceId', sold.serviceId)).toBe(1)
      expect(await world.periods(sold.serviceId)).toMatchObject([{ amount: 3_000_000n, periodEnd: null, invoiceId: sold.invoiceId }])
      await world.activate(sold.serviceId)
      expect(await world.service(sold.serviceId)).toMatchObject({ status: 'active', anchorDay: null, endsAt: null, deliveredAt: test.clock.now() })
      expect(await test.app.billing.describeServices([sold.serviceId]).then(all => all.get(sold.serviceId))).toMatchObject({ paidUntil: null, nextInvoiceOn: null, nextInvoice: null })
      for (const moment of ['2026-11-20T03:00:00Z', '2026-12-31T03:00:00Z', '2027-11-02T03:00:00Z', '2031-11-02T03:00:00Z']) {
        test.clock.set(moment)
        expect(await sweep()).toMatchObject({ done: 0 })
        expect((await test.app.billing.showPlan({ page: 1, pageSize: 10, locale: 'en', at: new Date(Date.parse(moment) + 60 * day) })).items).toEqual([])
      }
      expect(await world.invoicesOf(sold.serviceId)).toHaveLength(1)
      expect((await world.service(sold.serviceId)).status).toBe('active')
    })

    it('that nobody pays lapses like any order', async () => {
      const sold = await order([once(await machine())])
      test.clock.set('2026-11-06T03:00:00Z')
      await sweep()
      expect(await world.service(sold.serviceId)).toMatchObject({ status: 'ended', endReason: 'order_expired' })
    })

    it('whose payment is taken back is owed again, and dunned as every debt', async () => {
      const sold = await order([once(await machine())])
      const { paymentId } = await world.pay(sold.invoiceId)
      await world.activate(sold.serviceId)
      const { total } = await world.invoice(sold.invoiceId)
      await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId, invoiceId: sold.invoiceId, clientId: sold.clientId, gateway: 'midtrans', amount: money(total), at: test.clock.now(), cause: 'charged_back', actor: tester }))
      for (let days = 0; days < 8; days++) {
        test.clock.advance(day)
        await sweep()
      }
      expect((await world.service(sold.serviceId)).status).toBe('suspended')
      await world.pay(sold.invoiceId)
      expect(await world.periods(sold.serviceId)).toHaveLength(1)
    })

    it('is no recurring revenue and makes no subscriber; it is sold, and earned when it is delivered', async () => {
      const sold = await order([once(await machine())])
      await world.pay(sold.invoiceId)
      test.clock.set('2026-12-10T03:00:00Z')
      await world.activate(sold.serviceId)
      test.clock.set('2027-02-02T03:00:00Z')
      const cells = async (report: 'revenue' | 'mrr' | 'cohorts' | 'products') => (await test.app.reports.showReport({ report, role: 'owner', from: '2026-11', to: '2027-01', page: 1, pageSize: 20 })).items.map(row => row.cells)
      const of = (rows: Awaited<ReturnType<typeof cells>>, key: string) => rows.map(row => (row[key] as { amount: string }).amount)
      const revenue = await cells('revenue')
      expect([of(revenue, 'invoiced'), of(revenue, 'earned'), of(revenue, 'deferred')]).toEqual([['3000000', '0', '0'], ['0', '3000000', '0'], ['3000000', '0', '0']])
      expect(of(await cells('mrr'), 'end')).toEqual(['0', '0', '0'])
      expect(await cells('cohorts')).toEqual([])
      expect(await cells('products')).toMatchObject([{ units: 1, revenue: { amount: '3000000' } }])
    })

    it('that is given up before it was delivered is earned on that day: what is kept is kept', async () => {
      const sold = await order([once(await machine())])
      await world.pay(sold.invoiceId)
      test.clock.set('2026-12-10T03:00:00Z')
      await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: sold.serviceId, reason: 'request', note: 'x', actor: staff }))
      test.clock.set('2027-01-02T03:00:00Z')
      const { items } = await test.app.reports.showReport({ report: 'revenue', role: 'owner', from: '2026-11', to: '2026-12', page: 1, pageSize: 20 })
      expect(items.map(row => (row.cells.earned as { amount: string }).amount)).toEqual(['0', '3000000'])
    })

    it('that is credited takes back what was earned, and what was not, to the Rupiah', async () => {
      for (const delivered of [true, false]) {
        await world.reset()
        test.clock.set('2026-11-02T03:00:00Z')
        await db().insert(users).values({ id: staff.id, email: 'dewi@contoh.test', name: 'Dewi', passwordHash: 'x', role: 'owner', createdAt: test.clock.now() })
        const sold = await order([once(await machine())])
        await world.pay(sold.invoiceId)
        if (delivered) await world.activate(sold.serviceId)
        test.clock.set('2026-12-10T03:00:00Z')
        await test.app.billing.issueCreditNote({ invoiceId: sold.invoiceId, lines: null, reason: 'x', actor: staff })
        await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: sold.serviceId, reason: 'request', note: 'x', actor: staff }))
        test.clock.set('2027-01-02T03:00:00Z')
        const { items } = await test.app.reports.showReport({ report: 'revenue', role: 'owner', from: '2026-11', to: '2026-12', page: 1, pageSize: 20 })
        expect(items.map(row => (row.cells.earned as { amount: string }).amount)).toEqual(delivered ? ['3000000', '-3000000'] : ['0', '0'])
        expect(items.map(row => (row.cells.deferred as { amount: string }).amount)).toEqual(delivered ? ['0', '0'] : ['3000000', '0'])
      }
    })

    it('cannot change its plan, options, cycle, term, price or discount, nor end with a period; it can be ended at once', async () => {
      const sold = await built()
      const other = await shop.product(place, { name: 'VPS Besar', price: 9_000_000n })
      const ask = (cycle: 'monthly' | 'one_time', productId = other) => shop.ordering.requestChange({ serviceId: sold.serviceId, clientId: sold.clientId, productId, cycle, timing: 'now', actor: clientActor(sold.clientId) })
      expect([await codeOf(ask('monthly')), await codeOf(ask('one_time'))]).toEqual(['paid_once', 'paid_once'])
      expect((await shop.ordering.showServiceOptions({ serviceId: sold.serviceId, clientId: sold.clientId })).refusal).toBe('paid_once')
      expect(await codeOf(test.app.billing.setTerm({ serviceId: sold.serviceId, periods: 3, reason: 'x', actor: staff }))).toBe('paid_once')
      expect(await codeOf(test.app.billing.setServicePrice({ serviceId: sold.serviceId, price: money(1n), lockedUntil: null, reason: 'x', actor: staff }))).toBe('paid_once')
      expect(await codeOf(test.app.billing.giveDiscount({ serviceId: sold.serviceId, label: 'x', kind: 'percent', value: 10n, periods: null, reason: 'x', actor: staff }))).toBe('paid_once')
      expect((await test.app.billing.showAlignment({ clientId: sold.clientId, serviceIds: null, day: null })).services).toMatchObject([{ refusal: 'paid_once', chosen: false }])
      expect(await codeOf(test.app.core.transact(stores => test.app.billing.scheduleCancellation(stores, { serviceId: sold.serviceId, clientId: sold.clientId, cancel: true, actor: tester })))).toBe('paid_once_no_end')
      const credit = await world.balances()
      await test.app.core.transact(stores => test.app.billing.cancelNow(stores, { serviceId: sold.serviceId, clientId: sold.clientId, actor: tester }))
      expect(await world.service(sold.serviceId)).toMatchObject({ status: 'ended', endReason: 'request' })
      expect(await world.balances()).toEqual(credit)
    })

    it('is nothing that a service with a cycle can become', async () => {
      const running = await world.running()
      await machine()
      const { options } = await shop.ordering.showChangeOptions({ serviceId: running.serviceId, clientId: running.clientId })
      expect(options.flatMap(option => option.cycles.map(({ cycle }) => cycle))).toEqual(['monthly'])
    })
  })

  describe('work', () => {
    it('is ordered for a host that is there already, builds nothing, and waits until staff say that it is done; then its client is told', async () => {
      const productId = await work()
      const owner = await order([shopItem(await shop.product(place), 'toko.contoh.id')])
      const held = (await shop.held(place.poolId)).length
      const sold = await order([{ ...once(productId, { hostname: 'toko.contoh.id' }), templateId: null }], [], owner.clientId)
      expect((await shop.held(place.poolId)).length).toBe(held)
      expect(await codeOf(act(sold.serviceId, { action: 'deliver' }))).toBe('work_unpaid')
      await world.pay(sold.invoiceId)
      expect(await test.app.provisioning.followBilling({ kind: 'provision', serviceId: sold.serviceId, cause: 'test' })).toMatchObject({ kind: 'nothing' })
      expect((await test.app.core.read.serviceControl.listNeglected(10)).map(({ serviceId }) => serviceId)).not.toContain(sold.serviceId)
      expect((await test.app.provisioning.showStaffOverview()).workWaiting).toBe(1)
      await act(sold.serviceId, { action: 'deliver' })
      expect(await world.service(sold.serviceId)).toMatchObject({ status: 'active', deliveredAt: test.clock.now(), templateId: null })
      expect((await world.orderRow(sold.id)).status).toBe('fulfilled')
      expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ workWaiting: 0, activeNotReady: 0 })
      expect([await world.mails('work_done', sold.clientId), await world.mails('service_ready', sold.clientId)].map(list => list.length)).toEqual([1, 0])
      expect(await world.rows(sql`select actor_id from audit_log where action = 'service.deliver' and entity_id = ${sold.serviceId}`)).toHaveLength(1)
      expect(await codeOf(act(sold.serviceId, { action: 'deliver' }))).toBe('transition_refused')
    })

    it('cannot be withheld: nothing suspends it, and who takes his money back is reminded, no more', async () => {
      const sold = await workPaid()
      await act(sold.serviceId, { action: 'deliver' })
      expect(await codeOf(act(sold.serviceId, { action: 'suspend', suspensionReason: 'abuse', reason: 'spam' }))).toBe('nothing_to_suspend')
      expect(await codeOf(test.app.core.transact(stores => test.app.billing.cancelNow(stores, { serviceId: sold.serviceId, clientId: sold.clientId, actor: tester })))).toBe('work_delivered')
      const [payment] = await world.rows<{ cause_id: string }>(sql`select cause_id from journal_entries where cause = 'payment_received'`)
      await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId: payment?.cause_id ?? '', invoiceId: sold.invoiceId, clientId: sold.clientId, gateway: 'midtrans', amount: money(555_000n), at: test.clock.now(), actor: tester, cause: 'charged_back' }))
      for (let days = 0; days < 30; days++) {
        test.clock.advance(day)
        await sweep()
      }
      expect((await world.service(sold.serviceId)).status).toBe('active')
      expect(await world.notices(sold.invoiceId)).toContain('after-1')
    })

    it('is not delivered in a machine\'s stead: a machine is active by its proof alone', async () => {
      const sold = await order([once(await machine())])
      await world.pay(sold.invoiceId)
      expect(await codeOf(act(sold.serviceId, { action: 'deliver' }))).toBe('transition_refused')
    })
  })

  describe('promo codes', () => {
    const quoted = async (promo: Parameters<typeof shop.promo>[0], productId: string) => {
      const { code } = await shop.promo(promo)
      const quote = await shop.ordering.quoteCart({ cart: { items: [once(productId)], promoCodes: [code] }, clientId: null, unknown: 'refuse' })
      return { code, discount: quote.discount.amount, problem: quote.promos[0]?.problem ?? null }
    }

    it('take their part off the one payment, whatever number of periods they are for, and leave nothing for later', async () => {
      const productId = await machine(1_000_000n)
      const codes: [Parameters<typeof shop.promo>[0], string][] = [[{ value: 10n }, '100000'], [{ value: 10n, periods: 3 }, '100000'], [{ value: 10n, periods: null }, '100000'], [{ kind: 'fixed', value: 250_000n, periods: null }, '250000'], [{ value: 10n, cycles: ['one_time'] }, '100000']]
      for (const [promo, discount] of codes) {
        const { code, ...found } = await quoted(promo, productId)
        expect(found).toEqual({ discount, problem: null })
        const sold = await order([once(productId)], [code])
        expect((await world.invoice(sold.invoiceId)).discount).toBe(BigInt(discount))
        expect(await world.rows(sql`select 1 from service_discounts where service_id = ${sold.serviceId}`)).toEqual([])
      }
    })

    it('for set-up fees or for other cycles give nothing: there is no set-up fee', async () => {
      const productId = await machine()
      expect((await quoted({ value: 50n, appliesTo: 'setup' }, productId)).problem).toBe('promo_not_for_product')
      expect((await quoted({ value: 50n, cycles: ['monthly'] }, productId)).problem).toBe('promo_not_for_product')
    })

    it('of an amount for good, over a machine for good and one by the month: only the second renews with its share', async () => {
      const [forGood, monthly] = [await machine(300_000n), await shop.product(place, { price: 100_000n })]
      const { code } = await shop.promo({ kind: 'fixed', value: 40_000n, periods: null })
      const sold = await order([once(forGood), shopItem(monthly)], [code])
      const rows = await world.rows<{ product_id: string, value: string }>(sql`select s.product_id, d.value::text as value from service_discounts d join services s on s.id = d.service_id where s.order_id = ${sold.id}`)
      expect(rows).toEqual([{ product_id: monthly, value: '10000' }])
    })
  })

  describe('in the catalogue', () => {
    const price = (productId: string, cycle: 'monthly' | 'one_time', setup = 0n) => test.app.catalog.setPrice({ actor: staff, productId, cycle, price: money(100_000n), setup: money(setup) })
    const change = async (productId: string, more: object) => {
      const { id: _, prices: __, options: ___, activeServices: ____, ...fields } = await test.app.catalog.showProduct(productId)
      return test.app.catalog.updateProduct({ actor: staff, id: productId, fields: { ...fields, ...more } as never })
    }

    it('is priced beside the cycles, without a set-up fee, and shown without a price per month', async () => {
      const productId = await shop.product(place)
      expect(await codeOf(price(productId, 'one_time', 1n))).toBe('setup_not_once')
      await price(productId, 'one_time')
      const { slug } = await test.app.catalog.showProduct(productId)
      expect((await test.app.catalog.showStorefrontProduct(slug)).prices.map(({ cycle, monthly }) => [cycle, monthly?.amount ?? null])).toEqual([['monthly', '100000'], ['one_time', null]])
    })

    it('does not go together with a trial or a fixed term, whichever comes first; work has no cycle; a kind stays', async () => {
      const productId = await shop.product(place)
      await change(productId, { trialDays: 14 })
      expect(await codeOf(price(productId, 'one_time'))).toBe('trial_not_once')
      await change(productId, { trialDays: null, fixedTermPeriods: 3 })
      expect(await codeOf(price(productId, 'one_time'))).toBe('term_not_once')
      await change(productId, { fixedTermPeriods: null })
      await price(productId, 'one_time')
      expect([await codeOf(change(productId, { trialDays: 14 })), await codeOf(change(productId, { fixedTermPeriods: 3 })), await codeOf(change(productId, { kind: 'work' }))]).toEqual(['trial_not_once', 'term_not_once', 'kind_stays'])
      expect(await codeOf(price(await work(), 'monthly'))).toBe('work_is_once')
      expect(await codeOf(shop.ordering.quoteCart({ cart: { items: [{ ...once(productId), trial: true }], promoCodes: [] }, clientId: null, unknown: 'refuse' }))).toBe('trial_unavailable')
    })
  })
})
