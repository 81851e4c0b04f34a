import fc from 'fast-check'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { reportsOf } from '#db/repositories/reports.ts'
import { dayNumberOf } from '#server/billing/proration.ts'
import { invoiceLines, productOptionPrices, productOptions, products, servicePriceChanges, services, users } from '#db/schema/index.ts'
import { money } from '#shared/money/money.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import type { UserActor } from '#server/platform/http.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import addOption from '../../server/api/admin/products/[id]/options/index.post.ts'
import changeOption from '../../server/api/admin/products/[id]/options/[optionId]/index.put.ts'
import priceOption from '../../server/api/admin/products/[id]/options/[optionId]/prices.post.ts'
import serviceOptions from '../../server/api/portal/services/[id]/options/index.get.ts'
import putCart from '../../server/api/storefront/cart.put.ts'
import showProduct from '../../server/api/storefront/products/[slug].get.ts'
import { serveRoutes } from '../support/http.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { day, tester } from '../support/billing.ts'
import { changesWorld, clientActor } from '../support/changes.ts'
import type { ChangesWorld } from '../support/changes.ts'
import { sellOptions } from '../support/options.ts'
import type { SoldOptions } from '../support/options.ts'

const mini = { cpuCores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100 }

describe.each(databaseKinds())('options of products on %s', (kind) => {
  let test: TestApp
  let world: ChangesWorld
  let product: string
  let sold: SoldOptions
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    test.clock.set('2026-11-02T03:00:00Z')
    world = await changesWorld(test)
    await world.billing.reset()
    product = await world.plan('VPS Mini', mini, 100_000n)
    sold = await sellOptions(test.app, product)
    for (let i = 0; i < 3; i++) await world.addAddress(null)
  })
  type Wishes = { optionId: string, quantity?: number, choiceId?: string }[]
  const all = (): Wishes => [{ optionId: sold.disk, quantity: 30 }, { optionId: sold.support, quantity: 1 }, { optionId: sold.bandwidth, choiceId: sold.fast }]
  const cartOf = (options: Wishes, promoCodes: string[] = []) => ({ items: [{ ...world.shop.item(product, world.place.templateId), options }], promoCodes })
  const quote = (options: Wishes, promoCodes: string[] = []) => world.shop.ordering.quoteCart({ cart: cartOf(options, promoCodes), clientId: null, unknown: 'refuse' })
  const linesOf = (invoiceId: string) => test.app.core.database.executor.select().from(invoiceLines).where(eq(invoiceLines.invoiceId, invoiceId)).orderBy(invoiceLines.position)
  async function bought(options: Wishes, promoCodes: string[] = [], buyer?: string) {
    const clientId = buyer ?? await world.shop.buyer()
    const { total } = await quote(options, promoCodes)
    const order = await world.shop.ordering.placeOrder({ clientId, ...cartOf(options, promoCodes), expectedTotal: total.amount, cartToken: null })
    return { clientId, invoiceId: order.invoiceId ?? '', serviceId: order.items[0]?.serviceId ?? '', total }
  }
  /** Paid and built. */
  async function running(options: Wishes, promoCodes: string[] = [], buyer?: string) {
    const service = await bought(options, promoCodes, buyer)
    await world.billing.pay(service.invoiceId)
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId: service.serviceId, cause: service.invoiceId })
    await world.drain(worker)
    return service
  }
  const ask = (service: { serviceId: string, clientId: string }, options: Wishes, timing: 'now' | 'renewal' = 'now', expectedTotal?: string) => world.shop.ordering.requestOptions({ serviceId: service.serviceId, clientId: service.clientId, options, timing, expectedTotal, actor: clientActor(service.clientId) })
  const sweep = () => test.app.billing.runBilling({ actor: tester, confirmBrake: true })
  const renew = async (serviceId: string) => {
    test.clock.set('2026-11-25T03:00:00Z')
    await sweep()
    return (await world.billing.invoicesOf(serviceId)).find(invoice => invoice.status === 'issued')?.id ?? ''
  }

  it('are lines of the order beside the product, set-up once; one period is paid with all of it, and the machine is built with what they add', async () => {
    const service = await running(all())
    // 100.000 + 30 × 1.000 + 50.000 + 25.000 + set-up 10.000, and 11 % PPN.
    expect(service.total.amount).toBe('238650')
    expect((await linesOf(service.invoiceId)).map(({ kind: of, amount, serviceId }) => [of, amount, serviceId === service.serviceId])).toEqual([['service', 100_000n, true], ['option', 30_000n, true], ['option', 50_000n, true], ['option', 25_000n, true], ['setup', 10_000n, true]])
    expect(await world.billing.periods(service.serviceId)).toMatchObject([{ amount: 205_000n }])
    expect(await world.billing.service(service.serviceId)).toMatchObject({ price: 100_000n, spec: { ...mini, diskGiB: 50, rateMbps: 200 } })
    expect((await world.look(service.serviceId)).machines).toMatchObject([{ diskGiB: 50, rateMbps: 200 }])
  })

  it('renew with the product, at what they were sold for, whatever the catalogue asks by then', async () => {
    const service = await running(all())
    await test.app.core.database.executor.insert(productOptionPrices).values({ id: uuidv7(), optionId: sold.disk, cycle: 'monthly', price: 9_000n, setup: 0n, effectiveFrom: new Date('2026-11-03T00:00:00Z'), createdAt: test.clock.now() })
    const told = (await test.app.billing.describeServices([service.serviceId])).get(service.serviceId)
    const invoiceId = await renew(service.serviceId)
    expect(await world.billing.invoice(invoiceId)).toMatchObject({ taxable: 205_000n, total: told?.nextInvoice?.total.amount })
    const lines = await linesOf(invoiceId)
    expect(lines.map(line => [line.kind, line.amount])).toEqual([['service', 100_000n], ['option', 30_000n], ['option', 50_000n], ['option', 25_000n]])
    expect(new Set(lines.map(line => `${line.periodStart?.toISOString()} ${line.periodEnd?.toISOString()}`)).size).toBe(1)
    await world.billing.pay(invoiceId)
    expect((await world.billing.periods(service.serviceId)).map(period => period.amount)).toEqual([205_000n, 205_000n])
  })

  it('a code takes its percentage off product and options, at the order and at renewals', async () => {
    const { code } = await world.shop.promo({ periods: null })
    const service = await running([{ optionId: sold.support, quantity: 1 }], [code])
    // 10 % of 150.000; the set-up of 10.000 is not what the code is for.
    expect((await world.billing.invoice(service.invoiceId)).discount).toBe(15_000n)
    expect(await world.billing.invoice(await renew(service.serviceId))).toMatchObject({ subtotal: 150_000n, discount: 15_000n, taxable: 135_000n })
  })

  it('chosen with a free trial cost nothing until it ends, and the mail about it names the price with them', async () => {
    await test.app.core.database.executor.update(products).set({ trialDays: 14 }).where(eq(products.id, product))
    const clientId = await world.shop.buyer()
    const cart = { items: [{ ...world.shop.item(product, world.place.templateId), options: all(), trial: true }], promoCodes: [] }
    const shown = await world.shop.ordering.quoteCart({ cart, clientId, unknown: 'refuse' })
    expect(shown).toMatchObject({ total: { amount: '0' }, lines: [{ nextInvoiceTotal: { amount: '227550' } }] })
    const order = await world.shop.ordering.placeOrder({ clientId, ...cart, expectedTotal: '0', cartToken: null })
    const [mail] = await world.billing.rows<{ params: { price: string } }>(sql`select params from mails where template = 'trial_began' and user_id = ${clientId}`)
    expect(mail?.params.price).toMatch(/205\.000/)
    const serviceId = order.items[0]?.serviceId ?? ''
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId, cause: serviceId })
    await world.drain(worker)
    await sweep()
    const [first] = await world.billing.invoicesOf(serviceId)
    expect(await linesOf(first?.id ?? '')).toMatchObject([{ amount: 100_000n }, { amount: 30_000n }, { amount: 50_000n }, { amount: 25_000n }])
  })

  it('where nothing is said: a number is its least, a toggle off, a choice its first', async () => {
    expect((await quote([])).lines[0]).toMatchObject({ options: [{ optionId: sold.bandwidth, choiceId: sold.base, price: { amount: '0' } }], nextInvoiceTotal: { amount: '111000' } })
  })

  it('no field that a buyer sends can be bent: unknown, foreign, retired, out of bounds, no step, wrong kind, twice', async () => {
    const other = await world.plan('VPS Lain', mini, 90_000n)
    const foreign = await sellOptions(test.app, other)
    await test.app.core.database.executor.update(productOptions).set({ active: false }).where(eq(productOptions.id, foreign.support))
    const refused: [Wishes, string][] = [
      [[{ optionId: uuidv7(), quantity: 1 }], 'option_unavailable'], [[{ optionId: foreign.disk, quantity: 10 }], 'option_unavailable'], [[{ optionId: sold.bandwidth, choiceId: foreign.fast }], 'option_unavailable'],
      [[{ optionId: sold.disk, quantity: 110 }], 'option_invalid'], [[{ optionId: sold.disk, quantity: 15 }], 'option_invalid'], [[{ optionId: sold.disk, quantity: -10 }], 'option_invalid'], [[{ optionId: sold.disk, quantity: 0.5 }], 'option_invalid'], [[{ optionId: sold.disk, choiceId: sold.fast }], 'option_invalid'],
      [[{ optionId: sold.support, quantity: 2 }], 'option_invalid'], [[{ optionId: sold.bandwidth, quantity: 1 }], 'option_invalid'], [[{ optionId: sold.bandwidth, choiceId: sold.fast, quantity: 5 }], 'option_invalid'], [[{ optionId: sold.support, quantity: 1 }, { optionId: sold.support, quantity: 1 }], 'option_invalid'],
    ]
    const clientId = await world.shop.buyer()
    for (const [options, code] of refused) {
      await expect(quote(options)).rejects.toMatchObject({ code })
      await expect(world.shop.ordering.placeOrder({ clientId, ...cartOf(options), cartToken: null })).rejects.toMatchObject({ code })
    }
    const retired = { items: [{ ...world.shop.item(other, world.place.templateId), options: [{ optionId: foreign.support, quantity: 1 }] }], promoCodes: [] }
    await expect(world.shop.ordering.quoteCart({ cart: retired, clientId: null, unknown: 'refuse' })).rejects.toMatchObject({ code: 'option_unavailable' })
    await expect(world.shop.ordering.placeOrder({ clientId, ...cartOf(all()), expectedTotal: '111000', cartToken: null })).rejects.toMatchObject({ code: 'price_changed', params: { amount: '238650' } })
    expect(await world.shop.servicesOf(product)).toEqual([])
  })

  it('in a cycle without a price of theirs they are not sold', async () => {
    const yearly = await world.plan('VPS Tahunan', mini, 100_000n, { more: { annually: 1_000_000n } })
    const own = await sellOptions(test.app, yearly)
    const cart = (options: Wishes) => ({ items: [{ ...world.shop.item(yearly, world.place.templateId), cycle: 'annually' as const, options }], promoCodes: [] })
    expect((await world.shop.ordering.quoteCart({ cart: cart([{ optionId: own.disk, quantity: 0 }]), clientId: null, unknown: 'refuse' })).lines[0]?.options).toEqual([])
    await expect(world.shop.ordering.quoteCart({ cart: cart([{ optionId: own.support, quantity: 1 }]), clientId: null, unknown: 'refuse' })).rejects.toMatchObject({ code: 'option_unavailable' })
  })

  it('the order in which they are named changes nothing', async () => {
    const before = await quote(all())
    await fc.assert(fc.asyncProperty(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), async (places) => {
      expect((await quote(places.flatMap(place => all()[place] ?? []))).lines[0]?.options).toEqual(before.lines[0]?.options)
    }), { numRuns: 6 })
  })

  it('count in every report: what is recurring, what was earned and what was sold are the lines of the invoices', async () => {
    const service = await running(all())
    const month = (name: string, next: string) => ({ month: name, start: new Date(`${name}-01T00:00:00+07:00`), end: new Date(`${next}-01T00:00:00+07:00`), firstDay: dayNumberOf(`${name}-01`), nextDay: dayNumberOf(`${next}-01`) })
    const months = [month('2026-11', '2026-12'), month('2026-12', '2027-01')]
    test.clock.set('2026-11-18T03:00:00Z')
    const reports = reportsOf(test.app.core.database.executor, 'Asia/Jakarta')
    const [first, second] = await reports.earned(months)
    const row = (await reports.products({ start: months[0]?.start ?? new Date(), end: months[1]?.end ?? new Date() }, { start: new Date('2026-09-01T00:00:00+07:00'), end: months[0]?.start ?? new Date() }, { limit: 100, offset: 0 })).rows.find(found => found.key === product)
    expect(row?.cells).toMatchObject({ units: 1, revenue: 215_000n })
    const behind = await reports.productLines(product, { start: months[0]?.start ?? new Date(), end: months[1]?.end ?? new Date() }, { after: null, limit: 50 })
    expect(behind.reduce((sum, line) => sum + line.amount, 0n)).toBe(215_000n)
    const lines = (await reports.revenueLines(months[0] ?? month('', ''), 'earned', { after: null, limit: 200 })).filter(line => line.serviceId === service.serviceId)
    // From 2 November to 2 December; the set-up fee is earned on the day of its issue.
    expect(lines.map(({ amount, from, to }) => [amount, from === null || to === null ? null : to - from]).filter(([, length]) => length === 30)).toEqual([[100_000n, 30], [30_000n, 30], [50_000n, 30], [25_000n, 30]])
    expect([first?.earned, second?.earned].every(earned => earned !== undefined && earned > 0n)).toBe(true)
    expect((await reports.mrrChanges(months[0] ?? month('', ''), 'end', { after: null, limit: 100 })).map(found => found.amount)).toContain(205_000n)
  })

  it('are made, priced and retired by staff; key and kind stay, and who sold on them keeps them', async () => {
    const actor = tester
    const make = (fields: object, optionId: string | null = null) => test.app.catalog.saveOption({ actor, productId: product, optionId, fields: { key: 'backup', kind: 'toggle', label: { id: 'Cadangan', en: 'Backup' }, min: 0, max: 1, step: 1, effect: 'none', effectAmount: 0, position: 40, active: true, choices: [], ...fields } })
    const made = (await make({})).options.find(option => option.key === 'backup')
    const wish = [{ optionId: made?.id ?? '', quantity: 1 }]
    await expect(quote(wish)).rejects.toMatchObject({ code: 'option_unavailable' })
    await test.app.catalog.setOptionPrice({ actor, productId: product, optionId: made?.id ?? '', choiceId: null, cycle: 'monthly', price: money(20_000n), setup: money(0n) })
    expect((await quote(wish)).subtotal.amount).toBe('120000')
    await expect(make({})).rejects.toMatchObject({ code: 'invalid_input', fields: [{ path: 'key', code: 'option_key_taken' }] })
    await expect(make({ kind: 'number' }, made?.id)).rejects.toMatchObject({ fields: [{ code: 'option_fixed' }] })
    await expect(make({ key: 'x-1', kind: 'number', max: 15, step: 10 })).rejects.toMatchObject({ fields: [{ path: 'step', code: 'option_step' }] })
    await expect(make({ key: 'x-2', kind: 'choice' })).rejects.toMatchObject({ fields: [{ path: 'choices' }] })
    await expect(test.app.catalog.setOptionPrice({ actor, productId: product, optionId: sold.bandwidth, choiceId: null, cycle: 'monthly', price: money(1n), setup: money(0n) })).rejects.toMatchObject({ fields: [{ path: 'choiceId' }] })
    const service = await bought(wish)
    await make({ active: false }, made?.id)
    await expect(quote(wish)).rejects.toMatchObject({ code: 'option_unavailable' })
    expect((await world.billing.service(service.serviceId)).options.map(option => option.key)).toContain('backup')
  })

  it('by HTTP: SysAdmin makes one, Business prices it, the cart keeps and prices it; who may not, and what is no wish, is refused', async () => {
    let role: Role = 'sysadmin'
    const id = await world.shop.buyer()
    const server = await serveRoutes(test.app, [['put', '/api/storefront/cart', putCart], ['post', '/api/admin/products/{id}/options', addOption], ['put', '/api/admin/products/{id}/options/{optionId}', changeOption], ['post', '/api/admin/products/{id}/options/{optionId}/prices', priceOption], ['get', '/api/storefront/products/{slug}', showProduct], ['get', '/api/portal/services/{id}/options', serviceOptions]], (event) => {
      event.context.actor = { kind: 'user', id, name: 'Petugas', role } as UserActor
    })
    const send = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${server.url}${path}`, { method, headers: { 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) })
      return { status: answer.status, body: await answer.json() as Record<string, never> & { code?: string, options: { id: string, key: string }[], lines: { options: { quantity: number, price: { amount: string } }[] }[], subtotal: { amount: string } } }
    }
    try {
      const fields = { key: 'backup', kind: 'toggle', label: { id: 'Cadangan', en: 'Backup' }, effect: 'none' }
      const made = await send('POST', `/api/admin/products/${product}/options`, fields)
      expect(made.status).toBe(201)
      const optionId = made.body.options.find(option => option.key === 'backup')?.id ?? ''
      const price = { cycle: 'monthly', price: { amount: '20000', currency: 'IDR' }, setup: { amount: '0', currency: 'IDR' } }
      expect((await send('POST', `/api/admin/products/${product}/options/${optionId}/prices`, price)).status).toBe(403)
      role = 'business'
      expect((await send('POST', `/api/admin/products/${product}/options`, { ...fields, key: 'other' })).status).toBe(403)
      expect((await send('POST', `/api/admin/products/${product}/options/${optionId}/prices`, price)).status).toBe(201)
      const cart = (options: object[]) => send('PUT', '/api/storefront/cart', { items: [{ productId: product, cycle: 'monthly', hostname: 'web.contoh.id', templateId: world.place.templateId, options }], promoCodes: [] })
      const priced = await cart([{ optionId, quantity: 1, price: { amount: '1' }, label: 'x' }])
      expect([priced.status, priced.body.subtotal.amount, priced.body.lines[0]?.options.at(-1)]).toMatchObject([200, '120000', { quantity: 1, price: { amount: '20000' } }])
      for (const bent of [{ optionId, quantity: '1' }, { optionId, quantity: -1 }, { optionId, quantity: 1.5 }, { optionId: 'x', quantity: 1 }, { optionId, quantity: 1e9 }]) expect((await cart([bent])).status).toBe(422)
      expect((await cart([{ optionId, quantity: 2 }])).body.code).toBe('option_invalid')
      role = 'sysadmin'
      expect((await send('PUT', `/api/admin/products/${product}/options/${optionId}`, { ...fields, active: false })).status).toBe(200)
      expect((await cart([{ optionId, quantity: 1 }])).body.code).toBe('option_unavailable')
      role = 'client'
      expect((await send('GET', `/api/portal/services/${uuidv7()}/options`)).status).toBe(404)
    } finally {
      await server.close()
    }
  })

  describe('of a running service', () => {
    it('a price announced for the product holds with other options, too', async () => {
      const service = await running(all())
      await test.app.core.database.executor.insert(servicePriceChanges).values({ id: uuidv7(), serviceId: service.serviceId, oldPrice: 100_000n, price: 120_000n, effectiveFrom: new Date('2026-12-01T00:00:00Z'), createdAt: test.clock.now() })
      await ask(service, [{ optionId: sold.support, quantity: 0 }], 'renewal')
      const invoiceId = await renew(service.serviceId)
      expect((await world.billing.invoice(invoiceId)).taxable).toBe(175_000n)
      await world.billing.pay(invoiceId)
      test.clock.set('2026-12-03T03:00:00Z')
      await sweep()
      expect(await world.billing.service(service.serviceId)).toMatchObject({ price: 120_000n, options: [{ key: 'extra-disk' }, { key: 'bandwidth' }] })
    })

    it('more of them now costs the difference for the days that are left; paid, the machine follows and the period is worth more', async () => {
      const service = await running([{ optionId: sold.disk, quantity: 10 }])
      test.clock.advance(10 * day)
      const wishes = [{ optionId: sold.disk, quantity: 40 }, { optionId: sold.support, quantity: 1 }]
      const told = await world.shop.ordering.quoteServiceOptions({ ...service, options: wishes })
      // 80.000 more for twenty of thirty days, rounded as slices of the whole period: 126.667 less 73.334 is 53.333; and the set-up fee, whole.
      expect(told).toMatchObject({ nowRefusal: null, renewalTotal: { amount: '210900' }, now: { setup: { amount: '10000' }, net: { amount: '63333' } } })
      const change = await ask(service, wishes, 'now', told.now?.total.amount)
      expect((await world.billing.service(service.serviceId)).spec.diskGiB).toBe(30)
      expect((await linesOf(change.invoiceId ?? '')).map(line => [line.kind, line.amount, line.periodStart === null])).toEqual([['change', 53_333n, false], ['setup', 10_000n, true]])
      await world.billing.pay(change.invoiceId ?? '')
      expect(await world.billing.service(service.serviceId)).toMatchObject({ price: 100_000n, spec: { diskGiB: 60 } })
      await world.resize(service.serviceId)
      expect((await world.look(service.serviceId)).machines).toMatchObject([{ diskGiB: 60 }])
      expect((await world.change(change.id)).status).toBe('done')
      expect(await world.billing.periods(service.serviceId)).toHaveLength(1)
      expect(await test.app.core.read.changes.livePeriods(service.serviceId, test.clock.now())).toMatchObject([{ price: money(190_000n) }])
      expect(await world.billing.invoice(await renew(service.serviceId))).toMatchObject({ taxable: 190_000n })
    })

    it('keeps the discount of the period: only what is added is paid for', async () => {
      const { code } = await world.shop.promo({ value: 50n, periods: 1 })
      const service = await running([], [code])
      const told = await world.shop.ordering.quoteServiceOptions({ ...service, options: [{ optionId: sold.support, quantity: 1 }] })
      expect(told.now).toMatchObject({ setup: { amount: '10000' }, net: { amount: '60000' } })
    })

    it('fewer begin with the renewal; a disk never shrinks', async () => {
      const service = await running(all())
      const less = [{ optionId: sold.support, quantity: 0 }]
      await expect(ask(service, less)).rejects.toMatchObject({ code: 'not_an_upgrade' })
      await expect(ask(service, [{ optionId: sold.disk, quantity: 10 }], 'renewal')).rejects.toMatchObject({ code: 'disk_smaller' })
      await expect(ask(service, [{ optionId: sold.support, quantity: 1 }], 'renewal')).rejects.toMatchObject({ code: 'no_change' })
      await ask(service, less, 'renewal', '172050')
      const invoiceId = await renew(service.serviceId)
      expect((await world.billing.invoice(invoiceId)).taxable).toBe(155_000n)
      await world.billing.pay(invoiceId)
      test.clock.set('2026-12-03T03:00:00Z')
      await sweep()
      expect((await world.billing.service(service.serviceId)).options.map(option => option.key)).toEqual(['extra-disk', 'bandwidth'])
      expect((await world.billing.periods(service.serviceId)).map(period => period.amount)).toEqual([205_000n, 155_000n])
    })

    it('added with the renewal: the set-up fee stands once on its invoice, as everybody told, also where that is void and written anew; no renewal after it asks for it', async () => {
      const service = await running([{ optionId: sold.disk, quantity: 10 }])
      const wishes = [{ optionId: sold.support, quantity: 1 }]
      const told = await world.shop.ordering.quoteServiceOptions({ ...service, options: wishes })
      expect(told).toMatchObject({ renewalTotal: { amount: '177600' }, renewalSetup: { amount: '10000' } })
      await ask(service, wishes, 'renewal', '177600')
      const describe = async () => (await test.app.billing.describeServices([service.serviceId])).get(service.serviceId)?.nextInvoice?.total.amount
      expect(await describe()).toBe(188_700n)
      const foreseen = (await test.app.reports.showReport({ report: 'forecast', role: 'owner', page: 1, pageSize: 50 })).totals.net as { amount: string }
      // Three renewals lie within ninety days: the fee is asked with the first of them alone.
      expect(BigInt(foreseen.amount) % 160_000n).toBe(10_000n)
      const first = await renew(service.serviceId)
      expect((await world.billing.invoice(first)).total).toBe(188_700n)
      expect((await linesOf(first)).map(line => [line.kind, line.amount])).toEqual([['service', 100_000n], ['option', 10_000n], ['option', 50_000n], ['setup', 10_000n]])
      await test.app.billing.voidInvoice({ invoiceId: first, reason: 'x', actor: tester })
      await sweep()
      const again = (await world.billing.invoicesOf(service.serviceId)).find(invoice => invoice.status === 'issued')?.id ?? ''
      expect((await world.billing.invoice(again)).total).toBe(188_700n)
      await world.billing.pay(again)
      expect((await world.billing.periods(service.serviceId)).map(period => period.amount)).toEqual([110_000n, 160_000n])
      expect(await describe()).toBe(177_600n)
      test.clock.set('2026-12-25T03:00:00Z')
      await sweep()
      const next = (await world.billing.invoicesOf(service.serviceId)).find(invoice => invoice.status === 'issued')?.id ?? ''
      expect((await world.billing.invoice(next)).taxable).toBe(160_000n)
    })

    it('stand on invoices in the language of their client: on the order, on renewals and on changes', async () => {
      const db = test.app.core.database.executor
      for (const [optionId, id, en] of [[sold.support, 'Dukungan terkelola', 'Managed support'], [sold.disk, 'Disk tambahan', 'Extra disk']] as const) await db.update(productOptions).set({ label: { id, en } }).where(eq(productOptions.id, optionId))
      for (const [locale, disk, support] of [['en', 'Extra disk × 10', 'Managed support'], ['id', 'Disk tambahan × 10', 'Dukungan terkelola']] as const) {
        test.clock.set('2026-11-02T03:00:00Z')
        const clientId = await world.shop.buyer()
        await db.update(users).set({ locale }).where(eq(users.id, clientId))
        const service = await running([{ optionId: sold.disk, quantity: 10 }], [], clientId)
        const texts = async (invoiceId: string, line: string) => (await linesOf(invoiceId)).filter(({ kind: of }) => of === line).map(({ description }) => description)
        expect((await texts(service.invoiceId, 'option'))[0]).toContain(disk)
        const change = await ask(service, [{ optionId: sold.support, quantity: 1 }])
        expect([...await texts(change.invoiceId ?? '', 'change'), ...await texts(change.invoiceId ?? '', 'setup')].every(text => text.includes(support))).toBe(true)
        await world.billing.pay(change.invoiceId ?? '')
        expect((await texts(await renew(service.serviceId), 'option')).map(text => text.split(' · ')[0])).toEqual([disk, support])
      }
    })

    it('a change is offered only where there is something to change: options of its product, or one of its own to take away', async () => {
      const offered = async (service: { serviceId: string }) => (await test.app.core.read.servicePages.find(service.serviceId))?.optionsChangeable
      const db = test.app.core.database.executor
      const [plain, choosing, all3] = [await running([]), await running([{ optionId: sold.bandwidth, choiceId: sold.fast }]), await running([{ optionId: sold.support, quantity: 1 }])]
      expect(await Promise.all([plain, choosing, all3].map(offered))).toEqual([true, true, true])
      await db.update(products).set({ status: 'retired' }).where(eq(products.id, product))
      expect(await Promise.all([plain, choosing, all3].map(offered))).toEqual([false, false, true])
      await db.update(products).set({ status: 'active' }).where(eq(products.id, product))
      await db.update(productOptions).set({ active: false }).where(eq(productOptions.productId, product))
      expect(await Promise.all([plain, choosing, all3].map(offered))).toEqual([false, false, true])
      const yearly = await world.plan('VPS Tahunan', mini, 90_000n)
      await sellOptions(test.app, yearly, 'annually')
      await db.update(services).set({ productId: yearly }).where(eq(services.id, plain.serviceId))
      expect(await offered(plain)).toBe(false)
    })

    it('what stays is not priced anew, retired or not; what is another client\'s is not found', async () => {
      const service = await running(all())
      await test.app.core.database.executor.update(productOptions).set({ active: false }).where(eq(productOptions.id, sold.support))
      await test.app.core.database.executor.insert(productOptionPrices).values({ id: uuidv7(), optionId: sold.support, cycle: 'monthly', price: 90_000n, setup: 0n, effectiveFrom: test.clock.now(), createdAt: test.clock.now() })
      const told = await world.shop.ordering.quoteServiceOptions({ ...service, options: [{ optionId: sold.disk, quantity: 40 }] })
      expect(told.options.map(option => [option.key, option.price.amount])).toEqual([['extra-disk', '40000'], ['bandwidth', '25000'], ['support', '50000']])
      await expect(world.shop.ordering.showServiceOptions({ serviceId: service.serviceId, clientId: await world.shop.buyer() })).rejects.toMatchObject({ code: 'not_found' })
    })

    it('go along to another plan that has them by key, at its prices; the others are told and end', async () => {
      const service = await running(all())
      const pro = await world.plan('VPS Pro', { cpuCores: 4, ramMiB: 4096, diskGiB: 80, rateMbps: 200 }, 250_000n)
      const own = await sellOptions(test.app, pro)
      await test.app.core.database.executor.update(productOptions).set({ active: false }).where(eq(productOptions.id, own.support))
      const option = (await world.options(service)).options.find(candidate => candidate.productId === pro)?.cycles[0]
      expect(option).toMatchObject({ lost: [{ key: 'support' }], options: [{ key: 'extra-disk', quantity: 30 }, { key: 'bandwidth', choiceKey: 'fast' }], renewalTotal: { amount: '338550' } })
      await world.billing.pay((await world.ask(service, pro, option?.now ? { expectedTotal: option.now.total.amount } : {})).invoiceId ?? '')
      expect(await world.billing.service(service.serviceId)).toMatchObject({ productId: pro, price: 250_000n, spec: { cpuCores: 4, ramMiB: 4096, diskGiB: 110, rateMbps: 300 } })
    })
  })
})
