import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connections, productTemplates, templates } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { ProductFields } from '#server/catalog/ports.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import cloneRoute from '../../server/api/admin/products/[id]/clone.post.ts'
import listRoute from '../../server/api/admin/products/index.get.ts'
import previewRoute from '../../server/api/admin/products/preview.post.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { sellOptions } from '../support/options.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('catalogue on %s', (kind) => {
  let test: TestApp
  let actor: UserActor
  let place: { connectionId: string, templateId: string }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    const shop = shopWorld(test.app)
    place = await shop.connection(2)
    actor = { kind: 'user', id: await shop.buyer(), name: 'Sysadmin', role: 'sysadmin' }
  })
  afterAll(() => test.close())

  const fields = (change: Partial<ProductFields> = {}): ProductFields => ({ slug: `vps-${uuidv7().slice(-12)}`, kind: 'vps', name: 'VPS Uji', summary: { id: 'Ringkas', en: 'Short' }, description: { id: 'Panjang', en: 'Long' }, spec: { cpuCores: 2, ramMiB: 2048, diskGiB: 40, rateMbps: 200 }, status: 'draft', featured: false, position: 10, stockLimit: null, trialDays: null, fixedTermPeriods: null, snapshotLimit: 2, backupsIncluded: 0, backupSchedule: false, placementPolicy: 'most_free' as const, connectionIds: [place.connectionId], templateIds: [place.templateId], ...change })
  const price = (productId: string, amount: bigint, effectiveFrom?: Date) => test.app.catalog.setPrice({ actor, productId, cycle: 'monthly', price: money(amount), setup: money(0n), effectiveFrom })
  const promo = (change: object = {}) => ({ code: `K${uuidv7().slice(-10).toUpperCase()}`, kind: 'percent' as const, value: '10', active: true, startsAt: null, endsAt: null, maxRedemptions: null, appliesTo: 'recurring' as const, periods: 1, maxPerClient: 1, newClientsOnly: false, minimumOrder: null, combinable: false, productIds: [], cycles: [], ...change })

  it('a product goes on sale when it has a price, and the storefront then shows it with PPN', async () => {
    const made = await test.app.catalog.createProduct({ actor, fields: fields() })
    const { id, slug } = made
    const rest = fields({ slug })
    expect(await codeOf(test.app.catalog.updateProduct({ actor, id, fields: { ...rest, status: 'active' } }))).toBe('invalid_input')
    await price(id, 100_000n)
    await test.app.catalog.updateProduct({ actor, id, fields: { ...rest, status: 'active' } })
    expect(await test.app.catalog.showStorefrontProduct(rest.slug)).toMatchObject({ id, soldOut: false, templates: [{ id: place.templateId }], prices: [{ cycle: 'monthly', price: { amount: '100000' }, tax: { amount: '11000' }, priceWithTax: { amount: '111000' } }] })
    expect((await test.app.audit.list({ page: 1, pageSize: 10, entity: 'product' })).items.map(row => row.action)).toEqual(['product.update', 'product.set-price', 'product.create'])
  })

  it('a scheduled price begins at its moment; the history stays and a past moment counts from now', async () => {
    const rest = fields()
    const { id } = await test.app.catalog.createProduct({ actor, fields: rest })
    await price(id, 100_000n)
    await test.app.catalog.updateProduct({ actor, id, fields: { ...rest, status: 'active' } })
    await price(id, 150_000n, new Date(test.clock.now().getTime() + 3_600_000))
    const shown = async () => (await test.app.catalog.showStorefrontProduct(rest.slug)).prices[0]?.price.amount
    expect(await shown()).toBe('100000')
    test.clock.advance(3_600_000)
    expect(await shown()).toBe('150000')
    const after = await price(id, 120_000n, new Date(0))
    expect(after.prices.map(row => [row.price.amount, row.current])).toEqual([['120000', true], ['150000', false], ['100000', false]])
    expect(after.prices[0]?.effectiveFrom).toBe(test.clock.now().toISOString())
  })

  it('a draft is not shown, two products never share an address', async () => {
    const made = await test.app.catalog.createProduct({ actor, fields: fields() })
    expect(await codeOf(test.app.catalog.showStorefrontProduct(made.slug))).toBe('not_found')
    expect(await codeOf(test.app.catalog.createProduct({ actor, fields: fields({ slug: made.slug }) }))).toBe('slug_taken')
  })

  it('what was never sold is deleted, what was sold never', async () => {
    const shop = shopWorld(test.app)
    const made = await test.app.catalog.createProduct({ actor, fields: fields() })
    await test.app.catalog.deleteProduct({ actor, id: made.id })
    expect(await codeOf(test.app.catalog.showProduct(made.id))).toBe('not_found')
    const sold = await shop.product(place)
    await shop.ordering.placeOrder({ clientId: await shop.buyer(), items: [shop.item(sold, place.templateId)], promoCodes: [], cartToken: null })
    expect([made.sold, (await test.app.catalog.showProduct(sold)).sold]).toEqual([false, true])
    expect(await codeOf(test.app.catalog.deleteProduct({ actor, id: sold }))).toBe('product_sold')
    expect((await test.app.catalog.showProduct(sold)).status).toBe('active')
  })

  it('a clone is a draft with texts, size, places, prices in force and options offered; what was scheduled, retired or sold stays with the first', async () => {
    const shop = shopWorld(test.app)
    const rest = fields({ featured: true, stockLimit: 7, spec: { cpuCores: 3, ramMiB: 3072, diskGiB: 50, rateMbps: 300, traffic: { limitGiB: 500, counts: 'both', slowMbps: 10 } }, snapshotLimit: 4, backupsIncluded: 3, backupSchedule: true, ipv6: false, placementPolicy: 'spread_by_client' })
    const source = await test.app.catalog.createProduct({ actor, fields: rest })
    await price(source.id, 90_000n)
    await price(source.id, 100_000n)
    await price(source.id, 130_000n, new Date(test.clock.now().getTime() + 86_400_000))
    const sold = await sellOptions(test.app, source.id)
    const support = (await test.app.catalog.showProduct(source.id)).options.find(option => option.id === sold.support)
    await test.app.catalog.saveOption({ actor, productId: source.id, optionId: sold.support, fields: { key: 'support', kind: 'toggle', label: support?.label ?? { id: '', en: '' }, min: 0, max: 1, step: 1, effect: 'none', effectAmount: 0, position: 20, active: false, choices: [] } })
    await test.app.catalog.updateProduct({ actor, id: source.id, fields: { ...rest, status: 'active' } })
    await shop.ordering.placeOrder({ clientId: await shop.buyer(), items: [{ ...shop.item(source.id, place.templateId), options: [{ optionId: sold.bandwidth, choiceId: sold.base }] }], promoCodes: [], cartToken: null })
    const before = await test.app.catalog.showProduct(source.id)

    const slug = `${source.slug}-2`
    const made = await test.app.catalog.cloneProduct({ actor, productId: source.id, slug, name: 'VPS Salinan' })
    expect(made).toMatchObject({ ...rest, slug, name: 'VPS Salinan', status: 'draft', activeServices: 0 })
    expect(made.prices.map(row => [row.cycle, row.price.amount, row.current])).toEqual([['monthly', '100000', true]])
    const offered = (of: typeof made) => of.options.filter(option => option.key !== 'support').map(({ id: _, choices, ...option }) => ({ ...option, choices: choices.map(({ id: __, ...choice }) => choice) }))
    expect(made.options.map(option => option.key)).toEqual(['extra-disk', 'bandwidth'])
    expect(offered(made)).toEqual(offered(before))
    expect(await codeOf(test.app.catalog.showStorefrontProduct(slug))).toBe('not_found')
    expect(await test.app.catalog.showProduct(source.id)).toEqual(before)
    expect((await test.app.audit.list({ page: 1, pageSize: 1, entity: 'product' })).items[0]).toMatchObject({ action: 'product.clone', entityId: made.id })
    expect(await codeOf(test.app.catalog.cloneProduct({ actor, productId: source.id, slug, name: 'Lagi' }))).toBe('slug_taken')
    expect(await codeOf(test.app.catalog.cloneProduct({ actor, productId: uuidv7(), slug: `${slug}-3`, name: 'Lagi' }))).toBe('not_found')
  })

  it('a plan says what its machines are: KVM, an LXC container or VMware, by its templates and their connections', async () => {
    const shop = shopWorld(test.app)
    const db = test.app.core.database.executor
    const [containers, esxi] = [await shop.connection(0), await shop.connection(0)]
    await db.update(templates).set({ machineType: 'container' }).where(eq(templates.id, containers.templateId))
    await db.update(connections).set({ kind: 'esxi' }).where(eq(connections.id, esxi.connectionId))
    const shown = async (id: string) => (await test.app.catalog.showStorefrontProduct((await test.app.catalog.showProduct(id)).slug)).virtualisation
    const products = await Promise.all([place, containers, esxi].map(at => shop.product(at)))
    expect(await Promise.all(products.map(shown))).toEqual([['kvm'], ['lxc'], ['vmware']])
    await db.insert(productTemplates).values({ productId: products[0] ?? '', templateId: esxi.templateId })
    expect(await shown(products[0] ?? '')).toEqual(['kvm', 'vmware'])
    await db.update(templates).set({ present: false }).where(eq(templates.id, containers.templateId))
    expect(await shown(products[1] ?? '')).toEqual([])
  })

  it('the preview of a product in a form is what the storefront would show, saved or not, and stores nothing', async () => {
    const typed = { ...fields({ name: '', summary: { id: '', en: '' }, featured: true, trialDays: 7 }) }
    const fresh = await test.app.catalog.previewProduct({ productId: null, fields: typed })
    expect(fresh).toMatchObject({ name: '', prices: [], virtualisation: ['kvm'], templates: [{ id: place.templateId }], featured: true, trialDays: 7, soldOut: false, stock: { state: 'unknown' } })
    const rest = fields()
    const { id, slug } = await test.app.catalog.createProduct({ actor, fields: rest })
    await price(id, 100_000n)
    const change = { ...rest, name: 'VPS Baru', spec: { ...rest.spec, ramMiB: 8192 } }
    const preview = await test.app.catalog.previewProduct({ productId: id, fields: change })
    expect((await test.app.catalog.showProduct(id)).name).toBe('VPS Uji')
    await test.app.catalog.updateProduct({ actor, id, fields: { ...change, status: 'active' } })
    expect(preview).toEqual(await test.app.catalog.showStorefrontProduct(slug))
    expect(preview).toMatchObject({ name: 'VPS Baru', prices: [{ cycle: 'monthly', priceWithTax: { amount: '111000' } }] })
    expect((await test.app.catalog.previewProduct({ productId: id, fields: { ...change, stockLimit: 0 } })).soldOut).toBe(true)
  })

  it('by HTTP: only SysAdmin is shown a preview; texts may be missing, sizes may not', async () => {
    let role: Role = 'sysadmin'
    const server = await serveRoutes(test.app, [['post', '/api/admin/products/preview', previewRoute]], (event) => {
      event.context.actor = { ...actor, role }
    })
    const { status: _, position: __, snapshotLimit: ___, ...body } = fields({ slug: '', name: '', summary: { id: '', en: '' }, description: { id: '', en: '' } })
    const send = async (change: object = {}) => (await fetch(`${server.url}/api/admin/products/preview`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...body, productId: null, ...change }) })).status
    try {
      expect([await send(), await send({ spec: { ...body.spec, cpuCores: '' } }), await send({ name: 'x'.repeat(81) })]).toEqual([200, 422, 422])
      role = 'business'
      expect(await send()).toBe(403)
    } finally {
      await server.close()
    }
  })

  it('by HTTP: a clone sent twice is made once, only SysAdmin makes one, and the list tells drafts from what is on sale', async () => {
    let role: Role = 'sysadmin'
    const source = await test.app.catalog.createProduct({ actor, fields: fields() })
    const server = await serveRoutes(test.app, [['post', '/api/admin/products/{id}/clone', cloneRoute], ['get', '/api/admin/products', listRoute]], (event) => {
      event.context.actor = { ...actor, role }
    })
    const slug = `${source.slug}-2`
    const clone = async (key: string, body = { slug, name: 'Salinan' }) => {
      const answer = await fetch(`${server.url}/api/admin/products/${source.id}/clone`, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': key }, body: JSON.stringify(body) })
      return { ...await answer.json() as { id: string }, status: answer.status }
    }
    const listed = async (status: string) => (await (await fetch(`${server.url}/api/admin/products?status=${status}&q=${slug}`)).json() as { items: { id: string }[] }).items.map(({ id }) => id)
    try {
      const key = uuidv7()
      const [first, again] = [await clone(key), await clone(key)]
      expect([first.status, again]).toEqual([201, first])
      expect((await clone(uuidv7())).status).toBe(409)
      expect((await clone(uuidv7(), { slug: 'Bukan Alamat', name: 'Salinan' })).status).toBe(422)
      expect([await listed('draft'), await listed('active')]).toEqual([[first.id], []])
      role = 'business'
      expect((await clone(uuidv7(), { slug: `${slug}-3`, name: 'Salinan' })).status).toBe(403)
    } finally {
      await server.close()
    }
  })

  it('promo codes: letters compare without case, an unused one is deleted, every change is audited', async () => {
    const made = await test.app.catalog.createPromo({ actor, fields: promo() })
    expect(await codeOf(test.app.catalog.createPromo({ actor, fields: promo({ code: made.code.toLowerCase() }) }))).toBe('code_taken')
    expect(await test.app.catalog.updatePromo({ actor, id: made.id, fields: promo({ code: made.code, kind: 'fixed', value: '25000', cycles: ['annually'] }) })).toMatchObject({ kind: 'fixed', value: '25000', cycles: ['annually'] })
    expect(await test.app.catalog.showPromo(made.id)).toMatchObject({ value: '25000', cycles: ['annually'] })
    await test.app.catalog.deletePromo({ actor, id: made.id })
    expect(await codeOf(test.app.catalog.showPromo(made.id))).toBe('not_found')
    expect((await test.app.audit.list({ page: 1, pageSize: 3, entity: 'promo' })).items.map(row => row.action)).toEqual(['promo.delete', 'promo.update', 'promo.create'])
  })
})
