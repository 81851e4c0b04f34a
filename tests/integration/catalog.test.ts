import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { ProductFields } from '#server/catalog/ports.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('catalogue on %s', (kind) => {
  let test: TestApp
  let actor: UserActor
  let place: { connectionId: string, templateId: string }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    const shop = shopWorld(test.app)
    place = await shop.connection(1)
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

  it('what was never sold is deleted, what was sold is retired', async () => {
    const shop = shopWorld(test.app)
    const made = await test.app.catalog.createProduct({ actor, fields: fields() })
    await test.app.catalog.deleteProduct({ actor, id: made.id })
    expect(await codeOf(test.app.catalog.showProduct(made.id))).toBe('not_found')
    const sold = await shop.product(place)
    await shop.ordering.placeOrder({ clientId: await shop.buyer(), items: [shop.item(sold, place.templateId)], promoCodes: [], cartToken: null })
    await test.app.catalog.deleteProduct({ actor, id: sold })
    expect((await test.app.catalog.showProduct(sold)).status).toBe('retired')
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
