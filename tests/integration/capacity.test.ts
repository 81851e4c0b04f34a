import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addresses, connections, products, productStock, templates } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { NodeHeadroom } from '#server/infrastructure/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { financeActor } from '../support/payments.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))
const gib = 1_073_741_824
const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
/** A node with room for so many machines of 1 GiB and 20 GiB, beside the reserves. */
const node = (name: string, places: number): NodeHeadroom => ({ node: name, memoryTotal: (places + 4) * gib, memoryFree: (places + 4) * gib, storageFree: 10_000 * gib, storageKey: name, cpuCores: 8 })

describe.each(databaseKinds())('capacity on %s', (kind) => {
  let test: TestApp
  let shop: ReturnType<typeof shopWorld>
  /** The embedded database has one connection: nothing is at once there. */
  const crowd = kind === 'postgres' ? 200 : 25
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { DATABASE_POOL_SIZE: '20' } })
    shop = shopWorld(test.app)
    // Everybody has looked, and everybody saw room.
    shop.capacity.hold = test.app.infrastructure.holdCapacity
  })
  afterAll(() => test.close())
  const looked = (connectionId: string, nodes: readonly NodeHeadroom[]) => test.app.core.transact(stores => stores.capacity.saveLook(connectionId, test.clock.now(), nodes))
  const order = async (place: { templateId: string }, productId: string, clientId?: string) => shop.ordering.placeOrder({ clientId: clientId ?? await shop.buyer(), items: [shop.item(productId, place.templateId)], promoCodes: [], cartToken: null })
  const rush = async (place: { templateId: string }, productId: string) => {
    const buyers = await Promise.all(Array.from({ length: crowd }, () => shop.buyer()))
    // On a slow machine some wait too long for a connection to the database: they ask again, as buyers do.
    const persistent = (clientId: string): ReturnType<typeof order> => order(place, productId, clientId).catch((error: unknown) => error instanceof AppError ? Promise.reject(error) : /timeout exceeded/.test(String(error)) ? persistent(clientId) : Promise.reject(error as Error))
    const outcomes = await Promise.allSettled(buyers.map(persistent))
    const placed = outcomes.flatMap(outcome => outcome.status === 'fulfilled' ? [outcome.value] : [])
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'out_of_stock' })
    return placed
  }
  const stockOf = async (productId: string) => {
    await test.app.infrastructure.refreshStock()
    return (await test.app.core.database.executor.select().from(productStock).where(eq(productStock.productId, productId)))[0]
  }
  const onStorefront = async (productId: string) => (await test.app.catalog.listStorefrontProducts({})).items.find(item => item.id === productId)

  it('D13: of 200 orders at once for 20 places on three nodes exactly 20 are placed, the others are out of stock; lapsed, all 20 are there again', async () => {
    const place = await shop.connection(240)
    const productId = await shop.product(place)
    await looked(place.connectionId, [node('one', 8), node('two', 7), node('three', 5)])
    expect(await stockOf(productId)).toMatchObject({ places: 20, complete: true, limitedBy: 'memory' })
    const placed = await rush(place, productId)
    expect(placed).toHaveLength(20)
    expect(await shop.servicesOf(productId)).toHaveLength(20)
    expect(await shop.held(place.poolId)).toHaveLength(20)
    expect(await stockOf(productId)).toMatchObject({ places: 0, limitedBy: 'memory' })
    for (const { invoiceId } of placed) await test.app.billing.voidInvoice({ actor: financeActor, invoiceId: invoiceId ?? '', reason: 'withdrawn' })
    for (const { items } of placed) for (const { serviceId } of items) await test.app.provisioning.handlers['billing.service-ended']({ serviceId, reason: 'withdrawn' })
    expect(await shop.held(place.poolId)).toHaveLength(0)
    expect(await stockOf(productId)).toMatchObject({ places: 20 })
  })

  it('D13: where 20 addresses are what is left, 20 orders are placed', async () => {
    const place = await shop.connection(20)
    const productId = await shop.product(place)
    await looked(place.connectionId, [node('one', 100)])
    expect(await stockOf(productId)).toMatchObject({ places: 20, limitedBy: 'addresses' })
    expect(await rush(place, productId)).toHaveLength(20)
    expect(await stockOf(productId)).toMatchObject({ places: 0, limitedBy: 'addresses' })
  })

  it('two products share what their nodes have: the last place is sold once', async () => {
    const place = await shop.connection(10)
    const [one, two] = [await shop.product(place), await shop.product(place)]
    await looked(place.connectionId, [node('one', 1)])
    expect((await Promise.all([one, two].map(productId => codeOf(order(place, productId))))).sort()).toEqual(['no error', 'out_of_stock'])
  })

  it('a template on the own storage of a node is sold, promised and counted there alone, until a namesake is reached from everywhere', async () => {
    const place = await shop.connection(10)
    const productId = await shop.product(place)
    const db = test.app.core.database.executor
    await db.update(templates).set({ node: 'one', nodes: ['one'] }).where(eq(templates.id, place.templateId))
    await looked(place.connectionId, [node('one', 1), node('two', 5)])
    expect(await stockOf(productId)).toMatchObject({ places: 1, limitedBy: 'memory' })
    await order(place, productId)
    // The other node has room, and cannot carry it.
    expect(await codeOf(order(place, productId))).toBe('out_of_stock')
    expect(await stockOf(productId)).toMatchObject({ places: 0, limitedBy: 'memory' })
    // An archive that several nodes have is good for all of these.
    await db.update(templates).set({ nodes: ['one', 'two'] }).where(eq(templates.id, place.templateId))
    expect(await stockOf(productId)).toMatchObject({ places: 5 })
    await db.update(templates).set({ nodes: ['one'] }).where(eq(templates.id, place.templateId))
    await db.insert(templates).values({ id: uuidv7(), connectionId: place.connectionId, node: 'two', ref: '9001', name: 'Debian 12', osFamily: 'debian', username: 'debian', diskGiB: 4, seenAt: test.clock.now() })
    expect(await codeOf(order(place, productId))).toBe('no error')
  })

  it('the lines of one order are counted together', async () => {
    const place = await shop.connection(10)
    const [one, two] = [await shop.product(place), await shop.product(place)]
    await looked(place.connectionId, [node('one', 1)])
    expect(await codeOf(shop.ordering.placeOrder({ clientId: await shop.buyer(), items: [shop.item(one, place.templateId), shop.item(two, place.templateId)], promoCodes: [], cartToken: null }))).toBe('out_of_stock')
  })

  it('a machine that was built after the look is counted beside it, until a later look tells of it', async () => {
    const place = await shop.connection(10)
    const productId = await shop.product(place)
    await looked(place.connectionId, [node('one', 1)])
    const placed = await order(place, productId)
    test.clock.advance(1000)
    await test.app.core.transact(stores => stores.addresses.markAssigned(placed.items[0]?.serviceId ?? ''))
    expect(await codeOf(order(place, productId))).toBe('out_of_stock')
    test.clock.advance(1000)
    await looked(place.connectionId, [{ ...node('one', 2), memoryFree: (1 + 4) * gib }])
    expect(await codeOf(order(place, productId))).toBe('no error')
  })

  it('two builds that looked at the same moment get two nodes', async () => {
    const place = await shop.connection(10)
    const productId = await shop.product(place)
    await looked(place.connectionId, [node('one', 1), node('two', 1)])
    const built = [await order(place, productId), await order(place, productId)].map(({ items }) => items[0]?.serviceId ?? '')
    const nodes = await Promise.all(built.map(serviceId => test.app.core.transact(async (stores) => {
      const [held] = await test.app.infrastructure.holdCapacity(stores, { clientId: serviceId, forServiceId: serviceId, claims: [{ connectionIds: [place.connectionId], cpuCores: 1, ramMiB: 1024, diskGiB: 20, count: 1 }] })
      await stores.resources.ensure(serviceId)
      await stores.resources.update(serviceId, { connectionId: place.connectionId, node: held?.node ?? null })
      return held?.node
    })))
    expect(nodes.sort()).toEqual(['one', 'two'])
  })

  it('nothing is sold on a look that is not there, or too old', async () => {
    const place = await shop.connection(10)
    const productId = await shop.product(place)
    expect(await codeOf(order(place, productId))).toBe('capacity_unknown')
    await looked(place.connectionId, [node('one', 1)])
    test.clock.advance(121_000)
    expect(await codeOf(order(place, productId))).toBe('capacity_unknown')
  })

  it('the limits of a connection are what is sold, audited, and what its products\' stock says', async () => {
    const place = await shop.connection(50)
    const productId = await shop.product(place)
    await looked(place.connectionId, [node('one', 8)])
    const limits = { cpuOvercommit: 0.5, memoryOvercommit: 1, memoryReserveGiB: 4, storageReserveGiB: 20, maxAccounts: 7 }
    expect(await test.app.infrastructure.setPlacementLimits({ actor: sysadmin, id: place.connectionId, limits })).toEqual({ ...limits, maxAccounts: null })
    expect(await stockOf(productId)).toMatchObject({ places: 4, limitedBy: 'cpu' })
    await test.app.infrastructure.setPlacementLimits({ actor: sysadmin, id: place.connectionId, limits: { ...limits, cpuOvercommit: null, memoryReserveGiB: 9 } })
    expect(await stockOf(productId)).toMatchObject({ places: 3, limitedBy: 'memory' })
    const { rows } = await test.app.core.database.executor.execute(sql`select count(*)::int as n from audit_log where action = 'connection.limits' and entity_id = ${place.connectionId}`) as unknown as { rows: { n: number }[] }
    expect(rows[0]?.n).toBe(2)
  })

  it('the storefront tells few places by their number and sold out as such; what was counted too long ago, or only in part, it does not tell', async () => {
    const place = await shop.connection(50)
    const productId = await shop.product(place)
    expect((await onStorefront(productId))?.stock).toEqual({ state: 'unknown', left: null })
    const shows = async (places: number) => {
      await looked(place.connectionId, [node('one', places)])
      await stockOf(productId)
      return onStorefront(productId)
    }
    expect(await shows(6)).toMatchObject({ soldOut: false, stock: { state: 'in_stock', left: null } })
    expect(await shows(5)).toMatchObject({ soldOut: false, stock: { state: 'few', left: 5 } })
    expect(await shows(0)).toMatchObject({ soldOut: true, stock: { state: 'sold_out', left: 0 } })
    test.clock.advance(301_000)
    expect(await onStorefront(productId)).toMatchObject({ soldOut: false, stock: { state: 'unknown', left: null } })
    expect(await stockOf(productId)).toMatchObject({ complete: false, limitedBy: 'unknown' })
    expect((await onStorefront(productId))?.stock.state).toBe('unknown')
    await test.app.core.database.executor.update(products).set({ stockLimit: 0 }).where(eq(products.id, productId))
    expect(await onStorefront(productId)).toMatchObject({ soldOut: true })
  })

  it('an address alone sells nothing: a connection in maintenance has no places', async () => {
    const place = await shop.connection(50)
    const productId = await shop.product(place)
    await looked(place.connectionId, [node('one', 5)])
    await test.app.core.database.executor.update(connections).set({ maintenance: true }).where(eq(connections.id, place.connectionId))
    expect(await stockOf(productId)).toMatchObject({ places: 0, limitedBy: 'connections' })
    expect(await codeOf(order(place, productId))).toBe('out_of_stock')
    expect((await test.app.core.database.executor.select().from(addresses).where(eq(addresses.poolId, place.poolId))).every(({ status }) => status === 'free')).toBe(true)
  })
})
