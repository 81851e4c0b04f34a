import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { productOptions, products, templates } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { pageCache } from '#server/platform/page-cache.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import putBackRoute from '../../server/api/admin/products/[id]/put-back.post.ts'
import retireRoute from '../../server/api/admin/products/[id]/retire.post.ts'
import retirementRoute from '../../server/api/admin/products/[id]/retirement.get.ts'
import productRoute from '../../server/api/storefront/products/[slug].get.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { changesWorld, large, small } from '../support/changes.ts'
import type { ChangesWorld } from '../support/changes.ts'
import { serveRoutes } from '../support/http.ts'
import { sellOptions } from '../support/options.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? [error.code, ...error.fields.map(field => field.code)].join(' ') : String(error))
const reason = 'diganti paket baru'

describe.each(databaseKinds())('retiring a product on %s', (kind) => {
  let test: TestApp
  let world: ChangesWorld
  let actor: UserActor
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = await changesWorld(test)
    actor = { kind: 'user', id: await world.shop.buyer(), name: 'Sysadmin', role: 'sysadmin' }
  })
  afterAll(() => test.close())
  const catalog = () => test.app.catalog
  const plan = (name = 'VPS Lama', options: Parameters<typeof world.shop.product>[1] = {}) => world.plan(name, small, 100_000n, options)
  const slugOf = async (id: string) => (await catalog().showProduct(id)).slug
  const retire = (id: string, successorId: string | null = null) => catalog().retireProduct({ actor, id, reason, successorId })
  const putBack = (id: string, status: 'draft' | 'active' = 'active') => catalog().putBackProduct({ actor, id, reason, status })
  const order = async (productId: string, promoCodes: string[] = []) => {
    await world.addAddress(null)
    const clientId = await world.shop.buyer()
    const { id, invoiceId, items } = await world.shop.ordering.placeOrder({ clientId, items: [world.shop.item(productId, world.place.templateId)], promoCodes, cartToken: null })
    return { id, clientId, invoiceId: invoiceId ?? '', serviceId: items[0]?.serviceId ?? '' }
  }
  const cartOf = async (...productIds: string[]) => (await world.shop.ordering.putCart({ token: null, clientId: null, cart: { items: productIds.map(id => world.shop.item(id, world.place.templateId)), promoCodes: [] } })).token
  const shown = async (id: string) => {
    try {
      return await catalog().showStorefrontProduct(await slugOf(id))
    } catch (error) {
      return error instanceof AppError ? { code: error.code, status: error.status, ...error.params } : error
    }
  }

  it('what hangs on a product is told before: services, unpaid orders, carts, codes and options', async () => {
    const [id, other] = [await plan(), await plan('VPS Lain')]
    await sellOptions(test.app, id)
    const [only, both] = [await world.shop.promo({ productIds: [id] }), await world.shop.promo({ productIds: [other, id] })]
    await world.shop.promo({ productIds: [id], active: false })
    await order(id)
    const running = await order(id)
    await world.billing.pay(running.invoiceId)
    await world.billing.activate(running.serviceId)
    await cartOf(id)
    await cartOf(other)
    expect(await catalog().showRetirement(id)).toMatchObject({ services: 1, unpaidOrders: 1, unpaidInvoices: 0, waitingChanges: 0, carts: 1, options: 3, connections: [{ id: world.place.connectionId }] })
    expect((await catalog().showRetirement(id)).promos.toSorted((a, b) => a.code < b.code ? -1 : 1)).toEqual([{ ...only, only: true }, { ...both, only: false }].toSorted((a, b) => a.code < b.code ? -1 : 1))
    test.clock.advance(31 * 86_400_000)
    expect((await catalog().showRetirement(id)).carts).toBe(0)
    expect(await codeOf(catalog().showRetirement(uuidv7()))).toBe('not_found')
  })

  it('it leaves the shop at once, its kept page too, and the reason stands in the audit log', async () => {
    const id = await plan()
    const key = `/vps/${id}`
    const ticket = await pageCache.open(key)
    if ('store' in ticket) await ticket.store({ html: 'Lama', headers: {} })
    expect(await pageCache.open(key)).toHaveProperty('page')
    expect(await retire(id)).toMatchObject({ status: 'retired', successor: null })
    const fresh = await pageCache.open(key)
    if ('abandon' in fresh) fresh.abandon()
    expect(fresh).not.toHaveProperty('page')
    expect((await catalog().listStorefrontProducts({ kind: 'vps' })).items.map(product => product.id)).not.toContain(id)
    expect(await shown(id)).toEqual({ code: 'product_gone', status: 410, name: 'VPS Lama', kind: 'vps' })
    expect(await codeOf(order(id))).toBe('product_unavailable')
    expect((await test.app.audit.list({ page: 1, pageSize: 1, entity: 'product' })).items[0]).toMatchObject({ action: 'product.retire', entityId: id, after: { status: 'retired', reason } })
    expect(await codeOf(retire(id))).toBe('product_retired')
  })

  it('a draft and an unknown address stay unknown', async () => {
    expect(await shown(await plan('VPS Rancangan', { status: 'draft' }))).toMatchObject({ code: 'not_found' })
    expect(await codeOf(catalog().showStorefrontProduct('tidak-ada'))).toBe('not_found')
  })

  it('an unpaid order can still be paid, and what runs renews at its price', async () => {
    const id = await plan()
    const open = await order(id)
    const running = await order(id)
    await world.billing.pay(running.invoiceId)
    await world.billing.activate(running.serviceId)
    await retire(id)
    await world.billing.pay(open.invoiceId)
    await world.billing.activate(open.serviceId)
    expect((await world.billing.service(open.serviceId)).status).toBe('active')
    test.clock.advance(20 * 86_400_000)
    await world.billing.sweep()
    const renewals = (await world.billing.invoicesOf(running.serviceId)).filter(invoice => invoice.id !== running.invoiceId)
    expect(renewals).toHaveLength(1)
    expect((await world.billing.invoice(renewals[0]?.id ?? '')).subtotal).toBe(100_000n)
    expect((await catalog().showRetirement(id))).toMatchObject({ services: 2, unpaidInvoices: 2 })
  })

  it('no service is changed to it any more; a change that was agreed before is carried out', async () => {
    const to = await world.plan('VPS Besar', large, 300_000n)
    const [agreed, late] = [await world.build(), await world.build()]
    const change = await world.ask(agreed, to)
    expect((await catalog().showRetirement(to)).waitingChanges).toBe(1)
    await retire(to)
    expect((await world.options(late)).options.map(option => option.productId)).not.toContain(to)
    expect(await codeOf(world.ask(late, to))).toBe('product_unavailable')
    await world.billing.pay(change.invoiceId ?? '')
    expect((await world.billing.service(agreed.serviceId)).productId).toBe(to)
  })

  it('a cart loses it and says so, by name and with what took its place, until the cart is changed', async () => {
    const [old, next, stays] = [await plan('VPS Lama'), await plan('VPS Baru'), await plan('VPS Tetap')]
    const token = await cartOf(old, stays)
    await retire(old, next)
    const cart = await world.shop.ordering.showCart({ token, clientId: null })
    expect(cart.lines.map(line => line.productId)).toEqual([stays])
    expect(cart.dropped).toEqual([{ name: 'VPS Lama', retired: true, successor: { name: 'VPS Baru', kind: 'vps', slug: next } }])
    await world.shop.ordering.putCart({ token, clientId: null, cart: { items: [world.shop.item(stays, world.place.templateId)], promoCodes: [] } })
    expect((await world.shop.ordering.showCart({ token, clientId: null })).dropped).toEqual([])
  })

  it('a cart names no product that is a draft again, and tells one that is not sold as it was wished', async () => {
    const [hidden, chosen] = [await plan('VPS Rahasia'), await plan('VPS Pilihan')]
    const { support } = await sellOptions(test.app, chosen)
    const token = await cartOf(hidden)
    const other = (await world.shop.ordering.putCart({ token: null, clientId: null, cart: { items: [{ ...world.shop.item(chosen, world.place.templateId), options: [{ optionId: support, quantity: 1 }] }], promoCodes: [] } })).token
    await test.app.core.database.executor.update(products).set({ status: 'draft' }).where(eq(products.id, hidden))
    await test.app.core.database.executor.update(productOptions).set({ active: false }).where(eq(productOptions.id, support))
    expect((await world.shop.ordering.showCart({ token, clientId: null })).dropped).toEqual([{ name: null, retired: false, successor: null }])
    expect((await world.shop.ordering.showCart({ token: other, clientId: null })).dropped).toEqual([{ name: 'VPS Pilihan', retired: false, successor: null }])
  })

  it('its address leads to its successor, also when that was retired for another; only what is on sale of its kind can follow', async () => {
    const [first, second, third, draft] = [await plan('Satu'), await plan('Dua'), await plan('Tiga'), await plan('Rancangan', { status: 'draft' })]
    for (const wrong of [first, draft, uuidv7()]) expect(await codeOf(retire(first, wrong))).toBe('invalid_input successor_not_on_sale')
    expect(await retire(first, second)).toMatchObject({ successor: { id: second, name: 'Dua' } })
    expect(await shown(first)).toMatchObject({ code: 'product_gone', successor: `/vps/${second}` })
    await retire(second, third)
    expect([await shown(first), await shown(second)]).toMatchObject([{ successor: `/vps/${third}` }, { successor: `/vps/${third}` }])
    expect(await codeOf(retire(third, first))).toBe('invalid_input successor_not_on_sale')
    await retire(third)
    expect(await shown(first)).toEqual({ code: 'product_gone', status: 410, name: 'Satu', kind: 'vps' })
  })

  it('it is put back on sale or as a draft, without its successor; not when what it needs vanished', async () => {
    const [id, next] = [await plan('VPS Kembali'), await plan('VPS Lain')]
    expect(await codeOf(putBack(id))).toBe('product_not_retired')
    await retire(id, next)
    expect(await putBack(id)).toMatchObject({ status: 'active', successor: null })
    expect(await shown(id)).toMatchObject({ id })
    await retire(id)
    const db = test.app.core.database.executor
    await db.update(templates).set({ present: false }).where(eq(templates.id, world.place.templateId))
    expect(await codeOf(putBack(id))).toBe('invalid_input sale_needs_template')
    expect((await catalog().showProduct(id)).status).toBe('retired')
    expect(await putBack(id, 'draft')).toMatchObject({ status: 'draft' })
    await db.update(templates).set({ present: true }).where(eq(templates.id, world.place.templateId))
    expect((await test.app.audit.list({ page: 1, pageSize: 1, entity: 'product' })).items[0]).toMatchObject({ action: 'product.put-back', after: { status: 'draft', reason } })
  })

  it('the form of a product neither retires it nor puts it back', async () => {
    const id = await plan()
    const { prices: _, options: __, activeServices: ___, sold: ____, successor: _____, id: ______, ...fields } = await catalog().showProduct(id)
    const save = (status: 'active' | 'retired') => codeOf(catalog().updateProduct({ actor, id, fields: { ...fields, stockLimit: fields.stockLimit ?? null, trialDays: fields.trialDays ?? null, fixedTermPeriods: fields.fixedTermPeriods ?? null, featured: false, position: 5, snapshotLimit: 2, backupsIncluded: 0, backupSchedule: false, placementPolicy: 'most_free', status } }))
    expect(await save('retired')).toBe('invalid_input retired_by_act')
    await retire(id)
    expect(await save('active')).toBe('invalid_input put_back_by_act')
    expect(await save('retired')).toBe('no error')
  })

  it('a link with a code for retired products alone says that it is over', async () => {
    const [id, other] = [await plan(), await plan()]
    const [one, two] = [await world.shop.promo({ productIds: [id] }), await world.shop.promo({ productIds: [id, other] })]
    await retire(id)
    expect(await world.shop.ordering.findPromo(one.code)).toMatchObject({ state: 'over' })
    expect(await world.shop.ordering.findPromo(two.code)).toMatchObject({ state: 'open', slug: other })
  })

  it('by HTTP: SysAdmin alone retires and puts back, with a reason; visitors are answered 410 with what took its place', async () => {
    let role: Role = 'sysadmin'
    const server = await serveRoutes(test.app, [['get', '/api/admin/products/{id}/retirement', retirementRoute], ['post', '/api/admin/products/{id}/retire', retireRoute], ['post', '/api/admin/products/{id}/put-back', putBackRoute], ['get', '/api/storefront/products/{slug}', productRoute]], (event) => {
      event.context.actor = { ...actor, role }
    })
    const [id, next] = [await plan('VPS Lama'), await plan('VPS Baru')]
    const post = async (act: string, body: object) => (await fetch(`${server.url}/api/admin/products/${id}/${act}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status
    try {
      expect((await fetch(`${server.url}/api/admin/products/${id}/retirement`)).status).toBe(200)
      expect(await post('retire', { reason: ' ' })).toBe(422)
      expect(await post('retire', { reason, successorId: next })).toBe(200)
      const gone = await fetch(`${server.url}/api/storefront/products/${id}`, { headers: { 'accept-language': 'en' } })
      expect([gone.status, await gone.json()]).toMatchObject([410, { code: 'product_gone', title: 'VPS Lama is no longer sold.', params: { name: 'VPS Lama', kind: 'vps', successor: `/vps/${next}` } }])
      expect(await post('put-back', { reason, status: 'retired' })).toBe(422)
      expect(await post('put-back', { reason, status: 'active' })).toBe(200)
      expect((await fetch(`${server.url}/api/storefront/products/${id}`)).status).toBe(200)
      role = 'business'
      expect([await post('retire', { reason }), await post('put-back', { reason, status: 'draft' }), (await fetch(`${server.url}/api/admin/products/${id}/retirement`)).status]).toEqual([403, 403, 403])
    } finally {
      await server.close()
    }
  })
})
