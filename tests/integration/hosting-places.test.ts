import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connections, packages, productStock } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { composeOrdering } from '#server/platform/compose/ordering.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { hostingWorld } from '../support/hosting.ts'
import type { HostingWorld } from '../support/hosting.ts'
import { financeActor } from '../support/payments.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('places of hosting accounts on %s', (kind) => {
  let test: TestApp
  let hosting: HostingWorld
  let productId = ''
  /** The embedded database has one connection: nothing is at once there. */
  const crowd = kind === 'postgres' ? 40 : 20
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { DATABASE_POOL_SIZE: '20' } })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    hosting = await hostingWorld(test)
    productId = await hosting.product()
  })
  afterEach(() => hosting.close())

  const db = () => test.app.core.database.executor
  /** Room for so many more beside the one account that stands on the server. */
  const limit = (places: number) => db().update(connections).set({ maxAccounts: places + 1 }).where(eq(connections.id, hosting.connectionId))
  const places = async () => {
    await test.app.infrastructure.refreshStock()
    const [row] = await db().select().from(productStock).where(eq(productStock.productId, productId))
    return row?.places
  }
  const domainOf = (n: number) => `tempat${n}-${hosting.connectionId.slice(-8)}.contoh.id`
  const lapse = async ({ invoiceId, serviceId }: { invoiceId: string, serviceId: string }) => {
    await test.app.billing.voidInvoice({ actor: financeActor, invoiceId, reason: 'withdrawn' })
    await test.app.provisioning.handlers['billing.service-ended']({ serviceId, reason: 'withdrawn' })
  }

  it('D13: of 40 orders at once for ten places on a hosting server exactly ten are placed, the others are out of stock; lapsed, their places are there again', async () => {
    await limit(10)
    await test.app.infrastructure.collect()
    // Everybody has looked, and everybody saw room.
    const looked = composeOrdering(test.app.core, test.app.billing, { findServers: async () => ({ servers: [{ connectionId: hosting.connectionId, hostname: null }], complete: true }), holdAccounts: test.app.infrastructure.holdAccounts })
    const buyers = await Promise.all(Array.from({ length: crowd }, () => hosting.shop.buyer()))
    // On a slow machine some wait too long for a connection to the database: they ask again, as buyers do.
    const persistent = async (clientId: string, n: number): Promise<{ invoiceId: string, serviceId: string }> => {
      try {
        const { invoiceId, items } = await looked.placeOrder({ clientId, items: [{ productId, cycle: 'monthly', hostname: domainOf(n), templateId: null, sshKey: null }], promoCodes: [], cartToken: null })
        return { invoiceId: invoiceId ?? '', serviceId: items[0]?.serviceId ?? '' }
      } catch (error) {
        if (/timeout exceeded/.test(String(error))) return persistent(clientId, n)
        throw error
      }
    }
    const outcomes = await Promise.allSettled(buyers.map(persistent))
    const placed = outcomes.flatMap(outcome => outcome.status === 'fulfilled' ? [outcome.value] : [])
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'out_of_stock' })
    expect(placed).toHaveLength(10)
    expect(await places()).toBe(0)
    const [first, second] = placed
    if (!first || !second) throw new Error('nothing was placed')
    for (const each of [first, second]) await lapse(each)
    expect(await places()).toBe(2)
    await hosting.order(domainOf(100), { productId })
    expect(await places()).toBe(1)
  })

  it('an account that is made takes the place that its order held, and no second one', async () => {
    await limit(2)
    const { serviceId } = await hosting.build(domainOf(1), { productId })
    expect((await hosting.kept(serviceId))?.connectionId).toBe(hosting.connectionId)
    test.clock.advance(1000)
    await test.app.infrastructure.collect()
    expect(await places()).toBe(1)
    await hosting.order(domainOf(2), { productId })
    expect(await codeOf(hosting.order(domainOf(3), { productId }))).toBe('out_of_stock')
  })

  it('an account that was made after the last look is counted beside it', async () => {
    await limit(2)
    await hosting.build(domainOf(1), { productId })
    // The look of the build was before the account was made.
    expect((await test.app.core.read.panelServers.find(hosting.connectionId))?.accounts?.now).toBe(1)
    expect(await places()).toBe(1)
  })

  it('an order that was paid is built although others took all that was left, and its own place is not counted against it', async () => {
    await limit(1)
    const { serviceId } = await hosting.paid(domainOf(1), { productId })
    expect(await codeOf(hosting.order(domainOf(2), { productId }))).toBe('out_of_stock')
    await hosting.follow('provision', serviceId)
    expect((await hosting.world.look(serviceId)).service.status).toBe('active')
  })

  it('a server in maintenance, or whose package vanished, has no places', async () => {
    await limit(5)
    await hosting.order(domainOf(1), { productId })
    expect(await places()).toBe(4)
    await db().update(connections).set({ maintenance: true }).where(eq(connections.id, hosting.connectionId))
    expect(await places()).toBe(0)
    expect(await codeOf(hosting.order(domainOf(2), { productId }))).toBe('out_of_stock')
    await db().update(connections).set({ maintenance: false }).where(eq(connections.id, hosting.connectionId))
    await db().update(packages).set({ present: false }).where(eq(packages.connectionId, hosting.connectionId))
    expect(await places()).toBe(0)
    expect(await codeOf(hosting.order(domainOf(3), { productId }))).toBe('package_unavailable')
  })
})
