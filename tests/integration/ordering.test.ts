import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import type { CapacityCheck } from '#server/infrastructure/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, tester } from '../support/billing.ts'
import { financeActor } from '../support/payments.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('ordering on %s', (kind) => {
  let test: TestApp
  let shop: ReturnType<typeof shopWorld>
  let world: ReturnType<typeof billingWorld>
  let place: Awaited<ReturnType<ReturnType<typeof shopWorld>['connection']>>
  const room: CapacityCheck = async () => []
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { DATABASE_POOL_SIZE: '20' } })
    shop = shopWorld(test.app)
    world = billingWorld(test.app)
    place = await shop.connection(200)
  })
  afterEach(() => {
    shop.capacity.check = room
  })
  afterAll(() => test.close())

  const order = (clientId: string, productId: string, more: { hostname?: string, promoCodes?: string[], expectedTotal?: string, templateId?: string, cartToken?: string | null, at?: typeof place } = {}) =>
    shop.ordering.placeOrder({ clientId, items: [shop.item(productId, more.templateId ?? (more.at ?? place).templateId, more.hostname)], promoCodes: more.promoCodes ?? [], expectedTotal: more.expectedTotal, cartToken: more.cartToken ?? null })
  const nothingWritten = async (clientId: string, productId: string) => {
    expect(await shop.servicesOf(productId)).toHaveLength(0)
    expect((await shop.ordering.listOrders({ clientId, page: 1, pageSize: 10 })).total).toBe(0)
  }

  describe('placing', () => {
    it('order, service, invoice and address are written together, with the server\'s figures', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place, { price: 100_000n, setup: 50_000n })]
      const placed = await order(clientId, productId, { hostname: 'web-1.contoh.id' })
      expect(placed).toMatchObject({ status: 'placed', total: { amount: '166500', currency: 'IDR' }, items: [{ productName: 'VPS Mini', cycle: 'monthly', hostname: 'web-1.contoh.id' }] })
      expect(placed.number).toMatch(/^ORD-2026-[0-9A-HJKMNP-TV-Z]{10}$/)
      expect(await world.invoice(placed.invoiceId ?? '')).toMatchObject({ status: 'issued', total: 166_500n, currency: 'IDR' })
      expect(await world.service(placed.items[0]?.serviceId ?? '')).toMatchObject({ status: 'pending', price: 100_000n, templateId: place.templateId })
      expect((await shop.held(place.poolId)).map(row => row.serviceId)).toContain(placed.items[0]?.serviceId)
      expect(await shop.ordering.showOrder({ id: placed.id, clientId })).toEqual(placed)
    })

    it('a stranger\'s order is answered like none', async () => {
      const placed = await order(await shop.buyer(), await shop.product(place))
      expect(await codeOf(shop.ordering.showOrder({ id: placed.id, clientId: await shop.buyer() }))).toBe('not_found')
      expect(await codeOf(shop.ordering.showOrder({ id: uuidv7(), clientId: await shop.buyer() }))).toBe('not_found')
    })

    it('without a verified e-mail or a billing profile nothing is ordered', async () => {
      const productId = await shop.product(place)
      expect(await codeOf(order(await shop.buyer({ verified: false }), productId))).toBe('email_unverified')
      expect(await codeOf(order(await shop.buyer({ profile: false }), productId))).toBe('profile_incomplete')
      expect(await shop.servicesOf(productId)).toHaveLength(0)
    })

    it('unknown product: refused like one that is not on sale, or not in this cycle', async () => {
      const clientId = await shop.buyer()
      expect(await codeOf(order(clientId, uuidv7()))).toBe('product_unavailable')
      expect(await codeOf(order(clientId, await shop.product(place, { status: 'draft' })))).toBe('product_unavailable')
      const productId = await shop.product(place)
      expect(await codeOf(shop.ordering.placeOrder({ clientId, items: [{ ...shop.item(productId, place.templateId), cycle: 'annually' }], promoCodes: [], cartToken: null }))).toBe('product_unavailable')
      await nothingWritten(clientId, productId)
    })

    it('a template of another product\'s hypervisor is refused', async () => {
      const elsewhere = await shop.connection(1)
      const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
      expect(await codeOf(order(clientId, productId, { templateId: elsewhere.templateId }))).toBe('template_unavailable')
      await nothingWritten(clientId, productId)
    })

    it('tampered price: the browser\'s total buys nothing, the new one is told', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
      const error = await order(clientId, productId, { expectedTotal: '1' }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'price_changed', params: { total: 'Rp\u00A0111.000', amount: '111000' } })
      await nothingWritten(clientId, productId)
      expect(await codeOf(order(clientId, productId, { expectedTotal: '111000' }))).toBe('no error')
    })

    it('a host name is the client\'s once, and free again when its service has ended', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
      const first = await order(clientId, productId, { hostname: 'satu.contoh.id' })
      const again = await order(clientId, productId, { hostname: 'satu.contoh.id' }).catch((thrown: unknown) => thrown)
      expect(again).toMatchObject({ code: 'invalid_input', fields: [{ path: 'items.0.hostname', code: 'hostname_taken' }] })
      await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: first.items[0]?.serviceId ?? '', reason: 'request', note: 'x', actor: tester }))
      expect(await codeOf(order(clientId, productId, { hostname: 'satu.contoh.id' }))).toBe('no error')
    })

    it('the same host name from two requests at once is given once', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
      const outcomes = await Promise.all([1, 2, 3].map(() => codeOf(order(clientId, productId, { hostname: 'dua.contoh.id' }))))
      expect(outcomes.sort()).toEqual(['invalid_input', 'invalid_input', 'no error'])
    })

    it('D18: the hypervisor is asked outside the transaction, and its failure leaves nothing behind', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place)]
      shop.capacity.check = async () => {
        // On the embedded database, with its one connection, this would wait forever inside a transaction.
        await test.app.core.database.executor.execute(sql`select 1`)
        throw new AppError('capacity_unknown')
      }
      expect(await codeOf(order(clientId, productId))).toBe('capacity_unknown')
      shop.capacity.check = () => Promise.reject(new AppError('out_of_stock'))
      expect(await codeOf(order(clientId, productId))).toBe('out_of_stock')
      await nothingWritten(clientId, productId)
    })

    it('no IP left: out of stock, nothing written, the last address goes to one of two buyers', async () => {
      const tight = await shop.connection(1)
      const productId = await shop.product(tight)
      const outcomes = await Promise.all([await shop.buyer(), await shop.buyer()].map(clientId => codeOf(order(clientId, productId, { at: tight }))))
      expect(outcomes.sort()).toEqual(['no error', 'out_of_stock'])
      expect(await shop.servicesOf(productId)).toHaveLength(1)
    })

    it('D15: amount and currency of cart, order, service and invoice are those of the price row', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place, { price: 39_900n })]
      const quote = await shop.ordering.quoteCart({ cart: { items: [shop.item(productId, place.templateId)], promoCodes: [] }, clientId, unknown: 'refuse' })
      const placed = await order(clientId, productId)
      expect(placed.total).toEqual(quote.total)
      expect(await world.invoice(placed.invoiceId ?? '')).toMatchObject({ total: BigInt(quote.total.amount), currency: quote.total.currency })
      expect(await world.service(placed.items[0]?.serviceId ?? '')).toMatchObject({ price: 39_900n, currency: 'IDR' })
    })
  })

  describe('stock', () => {
    it('D13: taken stock: of ten buyers at once the last unit goes to one', async () => {
      const productId = await shop.product(place, { stockLimit: 1 })
      const buyers = await Promise.all(Array.from({ length: 10 }, () => shop.buyer()))
      const outcomes = await Promise.all(buyers.map(clientId => codeOf(order(clientId, productId))))
      expect(outcomes.filter(outcome => outcome === 'no error')).toHaveLength(1)
      expect(outcomes.filter(outcome => outcome === 'out_of_stock')).toHaveLength(9)
      expect(await shop.servicesOf(productId)).toHaveLength(1)
    })

    it('one order cannot take more than is left', async () => {
      const [clientId, productId] = [await shop.buyer(), await shop.product(place, { stockLimit: 1 })]
      expect(await codeOf(shop.ordering.placeOrder({ clientId, items: [shop.item(productId, place.templateId), shop.item(productId, place.templateId)], promoCodes: [], cartToken: null }))).toBe('out_of_stock')
    })

    it('an order that lapses gives its unit back, and the storefront says so', async () => {
      const productId = await shop.product(place, { stockLimit: 1 })
      const placed = await order(await shop.buyer(), productId)
      const soldOut = async () => (await test.app.catalog.listStorefrontProducts({})).items.find(item => item.id === productId)?.soldOut
      expect(await soldOut()).toBe(true)
      await test.app.billing.voidInvoice({ actor: financeActor, invoiceId: placed.invoiceId ?? '', reason: 'withdrawn' })
      expect(await soldOut()).toBe(false)
      expect(await codeOf(order(await shop.buyer(), productId))).toBe('no error')
    })
  })

  describe('promo codes', () => {
    it('a percentage is taken off the period, not off the setup fee (D14)', async () => {
      const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place, { price: 100_000n, setup: 50_000n }), await shop.promo()]
      const placed = await order(clientId, productId, { promoCodes: [promo.code] })
      expect(await world.invoice(placed.invoiceId ?? '')).toMatchObject({ subtotal: 150_000n, discount: 10_000n, taxable: 140_000n, total: 155_400n })
      expect(await shop.redemptionsOf(promo.id)).toMatchObject([{ status: 'reserved', clientId, use: 1 }])
    })

    it('expired promo: refused by name, nothing written', async () => {
      const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo({ endsAt: test.clock.now() })]
      expect(await codeOf(order(clientId, productId, { promoCodes: [promo.code] }))).toBe('promo_expired')
      expect(await codeOf(order(clientId, productId, { promoCodes: ['THERE-IS-NONE'] }))).toBe('promo_invalid')
      await nothingWritten(clientId, productId)
    })

    it('D14: the last redemption goes to one of ten buyers at once', async () => {
      const promo = await shop.promo({ maxRedemptions: 1 })
      // Each buys another product: what is locked for the stock of one would let the code's own lock go unseen.
      const buyers = await Promise.all(Array.from({ length: 10 }, async () => ({ clientId: await shop.buyer(), productId: await shop.product(place) })))
      const outcomes = await Promise.all(buyers.map(({ clientId, productId }) => codeOf(order(clientId, productId, { promoCodes: [promo.code] }))))
      expect(outcomes.filter(outcome => outcome === 'no error')).toHaveLength(1)
      expect(outcomes.filter(outcome => outcome === 'promo_exhausted')).toHaveLength(9)
    })

    it('D14: one client at once with the same code gets it once', async () => {
      const [clientId, promo] = [await shop.buyer(), await shop.promo()]
      const products = await Promise.all([1, 2, 3, 4].map(() => shop.product(place)))
      const outcomes = await Promise.all(products.map(productId => codeOf(order(clientId, productId, { promoCodes: [promo.code] }))))
      expect(outcomes.filter(outcome => outcome === 'no error')).toHaveLength(1)
      expect(await shop.redemptionsOf(promo.id)).toHaveLength(1)
    })

    it('paid: the redemption is committed; lapsed: it is released and may be used again', async () => {
      const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo({ maxRedemptions: 1 })]
      const lapsed = await order(clientId, productId, { promoCodes: [promo.code] })
      await test.app.billing.voidInvoice({ actor: financeActor, invoiceId: lapsed.invoiceId ?? '', reason: 'withdrawn' })
      expect((await shop.redemptionsOf(promo.id)).map(row => row.status)).toEqual(['released'])
      const paid = await order(clientId, productId, { promoCodes: [promo.code] })
      await world.pay(paid.invoiceId ?? '')
      expect((await shop.redemptionsOf(promo.id)).map(row => row.status).sort()).toEqual(['committed', 'released'])
      expect((await shop.ordering.showOrder({ id: paid.id, clientId })).status).toBe('fulfilling')
    })

    it('an order that costs nothing is paid at once and asks for its build', async () => {
      const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo({ value: 100n })]
      const placed = await order(clientId, productId, { promoCodes: [promo.code], expectedTotal: '0' })
      expect(placed).toMatchObject({ status: 'fulfilling', total: { amount: '0' } })
      expect(await world.jobs('billing.service-paid', 'serviceId', placed.items[0]?.serviceId ?? '')).toBe(1)
      expect((await shop.redemptionsOf(promo.id)).map(row => row.status)).toEqual(['committed'])
    })
  })

  describe('cart', () => {
    it('is priced by the server, kept by a hash of its id, and gone once ordered', async () => {
      const [clientId, productId, promo] = [await shop.buyer(), await shop.product(place), await shop.promo()]
      const { quote, token } = await shop.ordering.putCart({ token: null, clientId: null, cart: { items: [shop.item(productId, place.templateId, 'keranjang.contoh.id')], promoCodes: [promo.code] } })
      expect(quote).toMatchObject({ total: { amount: '99900' }, discount: { amount: '10000' }, promos: [{ code: promo.code, problem: null, discount: { amount: '10000' } }], lines: [{ nextInvoiceOn: '2026-11-18', nextInvoiceTotal: { amount: '111000' } }] })
      expect((await world.rows<{ n: number }>(sql`select count(*)::int as n from carts where id_hash = ${token}`))[0]?.n).toBe(0)
      expect(await shop.ordering.showCart({ token, clientId })).toEqual(quote)
      await order(clientId, productId, { promoCodes: [promo.code], cartToken: token })
      expect((await shop.ordering.showCart({ token, clientId })).lines).toHaveLength(0)
    })

    it('a promo code that does not hold is told beside the full price', async () => {
      const [productId, promo] = [await shop.product(place), await shop.promo({ active: false })]
      const { quote } = await shop.ordering.putCart({ token: null, clientId: null, cart: { items: [shop.item(productId, place.templateId)], promoCodes: [promo.code] } })
      expect(quote).toMatchObject({ promos: [{ problem: 'promo_expired' }], total: { amount: '111000' } })
    })

    it('a product that went out of sale leaves the cart; putting one in is refused', async () => {
      const [productId, draft] = [await shop.product(place), await shop.product(place, { status: 'draft' })]
      const cart = { items: [shop.item(productId, place.templateId)], promoCodes: [] }
      const { token } = await shop.ordering.putCart({ token: null, clientId: null, cart })
      await test.app.core.database.executor.execute(sql`update products set status = 'retired' where id = ${productId}`)
      expect((await shop.ordering.showCart({ token, clientId: null })).lines).toHaveLength(0)
      expect(await codeOf(shop.ordering.putCart({ token, clientId: null, cart: { items: [shop.item(draft, place.templateId)], promoCodes: [] } }))).toBe('product_unavailable')
    })

    it('a price that was changed meanwhile is asked for again in the cart', async () => {
      const productId = await shop.product(place)
      const { token } = await shop.ordering.putCart({ token: null, clientId: null, cart: { items: [shop.item(productId, place.templateId)], promoCodes: [] } })
      await test.app.catalog.setPrice({ actor: tester, productId, cycle: 'monthly', price: { amount: 200_000n, currency: 'IDR' }, setup: { amount: 0n, currency: 'IDR' } })
      expect((await shop.ordering.showCart({ token, clientId: null })).total.amount).toBe('222000')
    })
  })
})
