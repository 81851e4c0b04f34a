import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportsOf } from '#db/repositories/reports.ts'
import type { promoCodes } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { formatMoney, money } from '#shared/money/money.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, tester } from '../support/billing.ts'
import { financeActor } from '../support/payments.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('promo codes at full strength on %s', (kind) => {
  let test: TestApp
  let shop: ReturnType<typeof shopWorld>
  let world: ReturnType<typeof billingWorld>
  let place: Awaited<ReturnType<ReturnType<typeof shopWorld>['connection']>>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { DATABASE_POOL_SIZE: '20' } })
    shop = shopWorld(test.app)
    world = billingWorld(test.app)
    place = await shop.connection(200)
  })
  afterAll(() => test.close())

  const order = (clientId: string, productIds: string | string[], ...promos: { code: string }[]) => shop.ordering.placeOrder({ clientId, items: [productIds].flat().map(id => shop.item(id, place.templateId)), promoCodes: promos.map(promo => promo.code), cartToken: null })
  const quote = (productId: string, ...promos: { code: string }[]) => shop.ordering.quoteCart({ cart: { items: [shop.item(productId, place.templateId)], promoCodes: promos.map(promo => promo.code) }, clientId: null, unknown: 'refuse' })
  const linesOf = async (invoiceId: string) => (await world.rows<{ kind: string, description: string, amount: string, promo_id: string | null }>(sql`select kind, description, amount::text as amount, promo_id from invoice_lines where invoice_id = ${invoiceId} order by position`))
  /** An order that is paid and built. */
  async function sold(promo: Partial<typeof promoCodes.$inferInsert>, product: { price?: bigint, setup?: bigint } = {}) {
    const [clientId, productId, code] = [await shop.buyer(), await shop.product(place, product), await shop.promo(promo)]
    const quoted = await quote(productId, code)
    const placed = await order(clientId, productId, code)
    const serviceId = placed.items[0]?.serviceId ?? ''
    if (placed.total.amount !== '0') await world.pay(placed.invoiceId ?? '')
    await world.activate(serviceId)
    return { clientId, serviceId, invoiceId: placed.invoiceId ?? '', quoted, promo: code }
  }
  /** What everybody tells of the next invoice, then the invoice itself, which is paid. */
  async function renew(serviceId: string) {
    const told = (await test.app.billing.describeServices([serviceId])).get(serviceId)?.nextInvoice?.total.amount
    test.clock.set(new Date(((await world.periods(serviceId)).at(-1)?.periodEnd?.getTime() ?? 0) - 14 * day))
    const planned = (await test.app.billing.showPlan({ page: 1, pageSize: 100, locale: 'en' })).items.find(item => item.serviceId === serviceId && item.kind === 'issue_renewal_invoice')?.amount?.amount
    const before = await world.invoicesOf(serviceId)
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
    const renewal = (await world.invoicesOf(serviceId)).find(invoice => before.every(known => known.id !== invoice.id))
    const invoice = await world.invoice(renewal?.id ?? '')
    expect([told, BigInt(planned ?? -1)]).toEqual([invoice.total, invoice.total])
    if (invoice.status !== 'paid') await world.pay(invoice.id)
    return { invoice, lines: await linesOf(invoice.id) }
  }

  it('a code of three periods: two renewals carry its line, PPN is on what is left, the fourth period costs the full price, and each sum was told before', async () => {
    const { serviceId, quoted, promo } = await sold({ value: 15n, periods: 3 }, { price: 39_990n })
    const first = await renew(serviceId)
    expect(first.invoice).toMatchObject({ subtotal: 39_990n, discount: 5_998n, taxable: 33_992n, tax: 3_739n, total: 37_731n })
    expect(first.lines).toMatchObject([{ kind: 'service', amount: '39990' }, { kind: 'discount', description: promo.code, amount: '-5998', promo_id: promo.id }])
    expect(quoted.lines[0]?.nextInvoiceTotal?.amount).toBe('37731')
    expect((await world.periods(serviceId)).map(period => period.amount)).toEqual([33_992n, 33_992n])
    expect((await renew(serviceId)).invoice.discount).toBe(5_998n)
    const last = await renew(serviceId)
    expect(last.invoice).toMatchObject({ discount: 0n, total: 44_388n })
    expect(last.lines).toHaveLength(1)
  })

  it('a code for good: an invoice that was void is issued again with it, and the code\'s own change or end changes no sold service', async () => {
    const { serviceId, promo } = await sold({ kind: 'fixed', value: 25_000n, periods: null })
    await world.rows(sql`update promo_codes set active = false, value = 1 where id = ${promo.id}`)
    test.clock.set(new Date(((await world.periods(serviceId)).at(-1)?.periodEnd?.getTime() ?? 0) - 14 * day))
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
    const withdrawn = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    await test.app.billing.voidInvoice({ actor: financeActor, invoiceId: withdrawn, reason: 'x' })
    expect((await renew(serviceId)).invoice).toMatchObject({ discount: 25_000n, taxable: 75_000n })
    expect((await renew(serviceId)).invoice).toMatchObject({ discount: 25_000n, taxable: 75_000n })
  })

  it('a renewal that a code makes free is an invoice over nothing, paid at once', async () => {
    const { serviceId } = await sold({ value: 100n, periods: 2 })
    const { invoice } = await renew(serviceId)
    expect(invoice).toMatchObject({ total: 0n, status: 'paid' })
    expect((await renew(serviceId)).invoice.total).toBe(111_000n)
  })

  it('a code for the setup fee lowers the fee alone: the paid period keeps its price, and renewals carry nothing', async () => {
    const { serviceId, invoiceId, promo } = await sold({ appliesTo: 'setup', value: 100n }, { setup: 50_000n })
    expect(await world.invoice(invoiceId)).toMatchObject({ subtotal: 150_000n, discount: 50_000n, total: 111_000n })
    expect(await linesOf(invoiceId)).toMatchObject([{ kind: 'service' }, { kind: 'setup', amount: '50000' }, { kind: 'setup_discount', amount: '-50000', promo_id: promo.id }])
    expect((await world.periods(serviceId))[0]?.amount).toBe(100_000n)
    expect((await renew(serviceId)).invoice.discount).toBe(0n)
  })

  it('combinable codes stand together, percent before fixed, each with its own line and redemption; others refuse company', async () => {
    const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
    const [fixed, percent, alone] = [await shop.promo({ kind: 'fixed', value: 20_000n, combinable: true }), await shop.promo({ combinable: true }), await shop.promo()]
    expect(await codeOf(order(clientId, productId, fixed, alone))).toBe('promo_not_combinable')
    const placed = await order(clientId, productId, fixed, percent)
    expect((await linesOf(placed.invoiceId ?? '')).map(line => [line.kind, line.amount])).toEqual([['service', '100000'], ['discount', '-10000'], ['discount', '-20000']])
    for (const { id } of [fixed, percent]) expect(await shop.redemptionsOf(id)).toMatchObject([{ status: 'reserved', use: 1 }])
    const four = await Promise.all([1, 2, 3, 4].map(() => shop.promo({ combinable: true })))
    expect(await codeOf(order(clientId, productId, ...four))).toBe('promo_not_combinable')
  })

  it('two clients who combine the same codes in opposite order do not wait for each other crosswise', async () => {
    const [productId, a, b] = [await shop.product(place), await shop.promo({ combinable: true }), await shop.promo({ combinable: true })]
    const buyers = await Promise.all(Array.from({ length: 8 }, () => shop.buyer()))
    const outcomes = await Promise.all(buyers.map((clientId, i) => codeOf(order(clientId, productId, ...(i % 2 === 0 ? [a, b] : [b, a])))))
    expect(outcomes).toEqual(buyers.map(() => 'no error'))
  })

  it('of eight orders of one client at once, a code for three uses is given three times; a lapsed order gives its use back', async () => {
    const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo({ maxPerClient: 3 })]
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => codeOf(order(clientId, productId, promo))))
    expect(outcomes.filter(outcome => outcome === 'no error')).toHaveLength(3)
    expect(outcomes.filter(outcome => outcome === 'promo_exhausted')).toHaveLength(5)
    const held = await shop.redemptionsOf(promo.id)
    expect(held.map(row => row.use).sort()).toEqual([1, 2, 3])
    const second = held.find(row => row.use === 2)
    const [invoice] = await world.rows<{ id: string }>(sql`select id from invoices where order_id = ${second?.orderId}`)
    await test.app.billing.voidInvoice({ actor: financeActor, invoiceId: invoice?.id ?? '', reason: 'withdrawn' })
    expect(await codeOf(order(clientId, productId, promo))).toBe('no error')
    expect((await shop.redemptionsOf(promo.id)).filter(row => row.status === 'reserved').map(row => row.use).sort()).toEqual([1, 2, 3])
    expect(await codeOf(order(clientId, productId, promo))).toBe('promo_exhausted')
  })

  it('the last use goes to one of ten, whether the clients\' limit or the code\'s would have let more pass', async () => {
    const [productId, promo] = [await shop.product(place), await shop.promo({ maxRedemptions: 5, maxPerClient: 2 })]
    const buyers = await Promise.all(Array.from({ length: 4 }, () => shop.buyer()))
    const outcomes = await Promise.all([...buyers, ...buyers, ...buyers].map(clientId => codeOf(order(clientId, productId, promo))))
    expect(outcomes.filter(outcome => outcome === 'no error')).toHaveLength(5)
    for (const clientId of buyers) expect((await shop.redemptionsOf(promo.id)).filter(row => row.clientId === clientId).length).toBeLessThanOrEqual(2)
  })

  it('a code for new clients is refused to who has paid an order, and not to who has not', async () => {
    const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo({ newClientsOnly: true, maxPerClient: null })]
    const first = await order(clientId, productId)
    expect(await codeOf(order(clientId, productId, promo))).toBe('no error')
    await world.pay(first.invoiceId ?? '')
    expect(await codeOf(order(clientId, productId, promo))).toBe('promo_new_clients_only')
  })

  it('a minimum is asked of the order\'s prices and fees, and named', async () => {
    const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo({ minimumOrder: 200_000n })]
    await expect(order(clientId, productId, promo)).rejects.toMatchObject({ code: 'promo_minimum', params: { minimum: formatMoney(money(200_000n)) } })
    expect((await quote(productId, promo)).promos).toMatchObject([{ problem: 'promo_minimum', minimum: { amount: '200000' } }])
    expect(await codeOf(order(clientId, [productId, productId], promo))).toBe('no error')
  })

  it('the link of a campaign: an open code leads to its one product, and is kept in an empty cart; one that is over, used up or none is told', async () => {
    const productId = await shop.product(place)
    const open = await shop.promo({ productIds: [productId], cycles: ['annually'] })
    expect(await shop.ordering.findPromo(open.code.toLowerCase())).toEqual({ code: open.code, state: 'open', slug: productId, kind: 'vps', cycle: 'annually' })
    expect((await shop.ordering.findPromo((await shop.promo()).code)).slug).toBeNull()
    const later = await shop.promo({ startsAt: new Date(test.clock.now().getTime() + day) })
    const over = await shop.promo({ endsAt: test.clock.now() })
    const used = await shop.promo({ maxRedemptions: 1 })
    await order(await shop.buyer(), productId, used)
    expect(await Promise.all([later.code, 'THERE-IS-NONE', over.code, used.code].map(async code => (await shop.ordering.findPromo(code)).state))).toEqual(['unknown', 'unknown', 'over', 'exhausted'])
    const { token } = await shop.ordering.putCart({ token: null, clientId: null, cart: { items: [], promoCodes: [open.code] } })
    expect((await shop.ordering.showCart({ token, clientId: null })).promos).toMatchObject([{ code: open.code, problem: null }])
  })

  it('the report tells what each code cost, at the order and at its renewals', async () => {
    const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
    const [goesOn, once] = [await shop.promo({ combinable: true, periods: null }), await shop.promo({ kind: 'fixed', value: 7_000n, combinable: true })]
    const placed = await order(clientId, productId, goesOn, once)
    await world.pay(placed.invoiceId ?? '')
    await world.activate(placed.items[0]?.serviceId ?? '')
    await renew(placed.items[0]?.serviceId ?? '')
    const { rows } = await reportsOf(test.app.core.database.executor, 'Asia/Jakarta').promos({ start: new Date('2020-01-01'), end: new Date('2040-01-01') }, { offset: 0, limit: 1000 })
    const cells = (id: string) => rows.find(row => row.key === id)?.cells
    expect([cells(goesOn.id), cells(once.id)].map(own => [Number(own?.discount), Number(own?.renewals)])).toEqual([[20_000, 90_000], [7_000, 90_000]])
  })
})
