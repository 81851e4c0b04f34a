import { eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addresses, addressPools, ipv6Pools, ipv6Prefixes, productOptionPrices, productOptions, products, ptrRecords } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { day, tester } from '../support/billing.ts'
import { changesWorld, clientActor } from '../support/changes.ts'
import type { ChangesWorld } from '../support/changes.ts'
import { Crash, killPoints, livingForever } from '../support/provisioning.ts'
import type { Points } from '../support/provisioning.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('further addresses of machines on %s', (kind) => {
  let test: TestApp
  let world: ChangesWorld
  let place: Awaited<ReturnType<ChangesWorld['shop']['connection']>>
  let product: string
  let option: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { DATABASE_POOL_SIZE: '20' } })
    world = await changesWorld(test)
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    test.clock.set('2026-11-02T03:00:00Z')
    await world.billing.reset()
    await withAddresses(12)
  })
  const db = () => test.app.core.database.executor
  /** A product with up to four further addresses for Rp 30.000 each, and a pool with so many free ones. */
  async function withAddresses(free: number) {
    place = await world.shop.connection(free)
    world.setCapacity(async () => [{ connectionId: place.connectionId, node: 'jkt1' }])
    product = await world.shop.product(place, { price: 100_000n })
    option = uuidv7()
    await db().insert(productOptions).values({ id: option, productId: product, key: 'ipv4', kind: 'number', label: { id: 'IPv4 tambahan', en: 'Extra IPv4' }, min: 0, max: 4, step: 1, effect: 'extra_ipv4', effectAmount: 1, createdAt: test.clock.now() })
    await db().insert(productOptionPrices).values({ id: uuidv7(), optionId: option, choiceId: null, cycle: 'monthly', price: 30_000n, setup: 0n, effectiveFrom: test.clock.now(), createdAt: test.clock.now() })
  }
  const wish = (quantity: number) => [{ optionId: option, quantity }]
  async function bought(quantity: number) {
    const clientId = await world.shop.buyer()
    const order = await world.shop.ordering.placeOrder({ clientId, items: [{ ...world.shop.item(product, place.templateId), options: wish(quantity) }], promoCodes: [], cartToken: null })
    return { clientId, invoiceId: order.invoiceId ?? '', serviceId: order.items[0]?.serviceId ?? '' }
  }
  async function running(quantity: number) {
    const service = await bought(quantity)
    await world.billing.pay(service.invoiceId)
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId: service.serviceId, cause: 'paid' })
    await world.drain(worker)
    return service
  }
  const held = (serviceId: string) => db().select().from(addresses).where(eq(addresses.serviceId, serviceId)).orderBy(addresses.ordinal)
  const passes = async (serviceId: string) => (await world.look(serviceId)).machines.map(machine => machine.filtered?.toSorted())
  const ipv4 = (list: readonly { address: string }[]) => list.map(({ address }) => address)
  const change = (service: { serviceId: string, clientId: string }, quantity: number, timing: 'now' | 'renewal' = 'now') => world.shop.ordering.requestOptions({ ...service, options: wish(quantity), timing, actor: clientActor(service.clientId) })
  const statesOf = async (list: readonly string[]) => (await db().select({ status: addresses.status, serviceId: addresses.serviceId, ordinal: addresses.ordinal, leavesFirst: addresses.leavesFirst }).from(addresses).where(inArray(addresses.address, [...list])))
  const choose = (service: { serviceId: string, clientId: string }, address: string, leavesFirst = true) => test.app.provisioning.chooseLeavingAddress({ id: service.serviceId, clientId: service.clientId, address, leavesFirst, actor: clientActor(service.clientId) })
  const show = (service: { serviceId: string, clientId: string }) => test.app.provisioning.showServiceAddresses({ id: service.serviceId, clientId: service.clientId })
  /** Fewer from the next renewal on, which is paid and has begun. */
  async function reduced(service: { serviceId: string, clientId: string }, quantity: number) {
    await change(service, quantity, 'renewal')
    test.clock.set('2026-11-25T03:00:00Z')
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
    await world.billing.pay((await world.billing.invoicesOf(service.serviceId)).find(invoice => invoice.status === 'issued')?.id ?? '')
    test.clock.set('2026-12-03T03:00:00Z')
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
  }

  it('ordered with a machine they are held with it, pass its filter, have names of their own, are told at its page, and go back with it', async () => {
    await db().delete(ptrRecords)
    const service = await bought(2)
    expect((await held(service.serviceId)).map(({ status, ordinal }) => [status, ordinal])).toEqual([['reserved', 0], ['reserved', 1], ['reserved', 2]])
    await world.billing.pay(service.invoiceId)
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId: service.serviceId, cause: 'paid' })
    await world.drain(worker)
    const own = await held(service.serviceId)
    expect(own.map(({ status, ordinal }) => [status, ordinal])).toEqual([['assigned', 0], ['assigned', 1], ['assigned', 2]])
    expect(await passes(service.serviceId)).toEqual([ipv4(own).toSorted()])
    const [first, second, third] = ipv4(own)
    const view = await show(service)
    expect(view).toMatchObject({ sold: 2, items: [{ address: first, first: true, letThrough: true }, { address: second, first: false }, { address: third, first: false }], guest: { toldAtBuild: false } })
    expect(view.guest?.netplan).toContain(`- ${third}/24`)
    expect(await test.app.core.read.reverseDns.findForService(service.serviceId)).toMatchObject([{ address: first }, { address: second }, { address: third }])
    // Found by any of them, and shown by its first.
    expect((await test.app.provisioning.listAdminServices({ page: 1, pageSize: 10, q: third })).items).toMatchObject([{ id: service.serviceId, ipv4: first }])
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId: service.serviceId, reason: 'request', note: 'x', actor: tester }))
    await worker.follow({ kind: 'terminate', serviceId: service.serviceId, cause: 'x' })
    await world.drain(worker)
    expect(await statesOf(ipv4(own))).toEqual(Array.from({ length: 3 }, () => ({ status: 'quarantine', serviceId: null, ordinal: 0, leavesFirst: false })))
  })

  it('of many orders at once none gets what another got, and an order gets all of its addresses or is not placed; what was not paid is free again', async () => {
    await withAddresses(8)
    world.shop.capacity.hold = test.app.infrastructure.holdCapacity
    const gib = 1_073_741_824
    await test.app.core.transact(stores => stores.capacity.saveLook(place.connectionId, test.clock.now(), [{ node: 'jkt1', memoryTotal: 200 * gib, memoryFree: 200 * gib, storageFree: 10_000 * gib, storageKey: 'a', cpuCores: 64 }]))
    // Three of each: two orders fit, and two addresses are left.
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => codeOf(bought(2))))
    expect(outcomes.toSorted()).toEqual(['no error', 'no error', 'out_of_stock', 'out_of_stock', 'out_of_stock'])
    const taken = await world.shop.held(place.poolId)
    expect(taken).toHaveLength(6)
    expect(new Set(taken.map(({ serviceId, ordinal }) => `${serviceId} ${ordinal}`)).size).toBe(6)
    expect([await codeOf(bought(2)), await codeOf(bought(1)), await codeOf(bought(0))]).toEqual(['out_of_stock', 'no error', 'out_of_stock'])
    test.clock.advance(30 * day)
    await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
    const worker = world.worker()
    for (const serviceId of new Set(taken.map(row => row.serviceId ?? ''))) await worker.follow({ kind: 'terminate', serviceId, cause: 'lapsed' })
    await world.drain(worker)
    expect((await statesOf(ipv4(taken))).every(({ status, ordinal }) => status === 'free' && ordinal === 0)).toBe(true)
    world.shop.capacity.hold = undefined
  })

  it('come from the network of the first address alone: another gateway, card or node is another network', async () => {
    await withAddresses(2)
    const net = world.shop.nextNet++
    const other = uuidv7()
    await db().insert(addressPools).values({ id: other, connectionId: place.connectionId, name: other, firstAddress: `10.${net}.0.10`, lastAddress: `10.${net}.0.250`, prefixLength: 24, gateway: `10.${net}.0.1`, nameservers: ['1.1.1.1'], createdAt: test.clock.now() })
    await db().insert(addresses).values(Array.from({ length: 3 }, (_, i) => ({ id: uuidv7(), poolId: other, address: `10.${net}.0.${10 + i}`, changedAt: test.clock.now() })))
    // Only the other network has three: the order is placed there as a whole.
    const service = await bought(2)
    expect((await held(service.serviceId)).map(row => row.poolId)).toEqual([other, other, other])
    expect(await codeOf(bought(2))).toBe('out_of_stock')
    expect((await held((await bought(1)).serviceId)).map(row => row.poolId)).toEqual([place.poolId, place.poolId])
  })

  it('bought while the machine runs: refused where the network has too few, else let through without a restart once they are paid', async () => {
    const service = await running(0)
    await db().update(addresses).set({ status: 'blocked', reason: 'test' }).where(eq(addresses.status, 'free'))
    expect(await codeOf(change(service, 1))).toBe('out_of_stock')
    await db().update(addresses).set({ status: 'free', reason: null }).where(eq(addresses.status, 'blocked'))
    const { invoiceId, id } = await change(service, 2)
    expect(await held(service.serviceId)).toHaveLength(1)
    await world.billing.pay(invoiceId ?? '')
    world.hypervisor.journal.length = 0
    await world.resize(service.serviceId)
    const own = await held(service.serviceId)
    expect(own.map(({ status, ordinal }) => [status, ordinal])).toEqual([['assigned', 0], ['assigned', 1], ['assigned', 2]])
    expect(await passes(service.serviceId)).toEqual([ipv4(own).toSorted()])
    expect(world.hypervisor.journal.filter(act => /stop|shutdown|reboot/.test(act))).toEqual([])
    expect((await world.change(id)).status).toBe('done')
  })

  it('given back: those that the client named go first, the first address never; they leave the filter before they rest', async () => {
    const service = await running(3)
    const own = ipv4(await held(service.serviceId))
    const [first = '', second = '', third = '', fourth = ''] = own
    expect([await codeOf(choose(service, first)), await codeOf(choose({ ...service, clientId: uuidv7() }, second)), await codeOf(choose(service, '192.0.2.77'))]).toEqual(['not_found', 'not_found', 'not_found'])
    await choose(service, third)
    await choose(service, fourth)
    await choose(service, fourth, false)
    expect(await codeOf(change(service, 2))).toBe('not_an_upgrade')
    await reduced(service, 2)
    expect((await show(service)).items.filter(({ leaving }) => leaving)).toMatchObject([{ address: third }])
    await world.resize(service.serviceId)
    expect((await held(service.serviceId)).map(({ address, ordinal }) => [address, ordinal])).toEqual([[first, 0], [second, 1], [fourth, 3]])
    expect(await passes(service.serviceId)).toEqual([[first, second, fourth].toSorted()])
    expect(await statesOf([third])).toEqual([{ status: 'quarantine', serviceId: null, ordinal: 0, leavesFirst: false }])
  })

  it('killed before or after a transaction or remote call, another worker ends it: none is lost, none doubled, and the filter is what is held', async () => {
    await withAddresses(200)
    async function work(serviceId: string, points: Points): Promise<boolean> {
      const worker = world.worker(points)
      try {
        await worker.follow({ kind: 'resize', serviceId, cause: 'test' })
        await world.drain(worker)
        return true
      } catch (error) {
        if (error instanceof Crash) return false
        throw error
      }
    }
    const grown = async () => {
      const service = await running(1)
      await world.billing.pay((await change(service, 3)).invoiceId ?? '')
      return service.serviceId
    }
    const counting = livingForever()
    expect(await work(await grown(), counting)).toBe(true)
    for (const dieAt of killPoints(kind, counting.names.length, { embedded: 11, postgres: 13 })) {
      const serviceId = await grown()
      await work(serviceId, { ...livingForever(), dieAt })
      world.afterDeath()
      const successor = world.worker()
      await successor.follow({ kind: 'resize', serviceId, cause: 'again' })
      await successor.recover()
      await world.drain(successor)
      const own = await held(serviceId)
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      expect(own.map(({ status, ordinal }) => [status, ordinal]), label).toEqual([0, 1, 2, 3].map(ordinal => ['assigned', ordinal]))
      expect(await passes(serviceId), label).toEqual([ipv4(own).toSorted()])
    }
  }, 120_000)

  describe('IPv6 of a machine that was built without it', () => {
    /** A pool of IPv6 that goes with the machines' card, with so many networks. */
    async function withPool(places: number) {
      const net = 4096 + world.shop.nextNet++
      const id = uuidv7()
      await db().insert(ipv6Pools).values({ id, connectionId: place.connectionId, name: id, prefix: `2001:db8:${net.toString(16)}::`, prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: ['2001:db8::53'], nextPlace: 65_536 - places, createdAt: test.clock.now() })
    }
    const give = (service: { serviceId: string, clientId: string }) => test.app.provisioning.giveIpv6({ id: service.serviceId, clientId: service.clientId, actor: clientActor(service.clientId) })
    const prefixes = (serviceId: string) => db().select().from(ipv6Prefixes).where(eq(ipv6Prefixes.serviceId, serviceId))
    const stateOf = async (service: { serviceId: string, clientId: string }) => (await show(service)).ipv6.state

    it('is offered where a pool goes with it, let through, told to the guest and shown once it was read back; a second one is refused, and a full pool gives none', async () => {
      const [service, late] = [await running(1), await running(0)]
      expect([await stateOf(service), await codeOf(give(service))]).toEqual(['none', 'ipv6_unavailable'])
      await withPool(1)
      expect([await stateOf(service), await codeOf(give({ ...service, clientId: uuidv7() }))]).toEqual(['offered', 'not_found'])
      await give(service)
      expect([await stateOf(service), await codeOf(give(service)), await codeOf(give(late))]).toEqual(['giving', 'action_in_progress', 'out_of_stock'])
      // Only what was read back is shown.
      expect((await test.app.provisioning.showAdminService({ id: service.serviceId })).ipv6).toBeNull()
      await world.drain(world.worker())
      const [prefix] = await prefixes(service.serviceId)
      expect(prefix).toMatchObject({ status: 'assigned' })
      expect((await world.look(service.serviceId)).machines).toMatchObject([{ ipv6: prefix?.address, power: 'running' }])
      expect((await passes(service.serviceId))[0]).toHaveLength(3)
      expect([await stateOf(service), await codeOf(give(service))]).toEqual(['held', 'ipv6_unavailable'])
      expect((await test.app.provisioning.showAdminService({ id: service.serviceId })).ipv6).toMatchObject({ address: prefix?.address })
    })

    it('that could not be given rests, and is not held back', async () => {
      const service = await running(0)
      await withPool(2)
      await give(service)
      const [prefix] = await prefixes(service.serviceId)
      await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId: service.serviceId, reason: 'other', note: 'x', actor: tester }))
      const worker = world.worker()
      await worker.follow({ kind: 'suspend', serviceId: service.serviceId, cause: 'x' })
      await world.drain(worker)
      expect(await db().select({ status: ipv6Prefixes.status, serviceId: ipv6Prefixes.serviceId }).from(ipv6Prefixes).where(eq(ipv6Prefixes.id, prefix?.id ?? ''))).toEqual([{ status: 'quarantine', serviceId: null }])
    })

    it('killed while it is given, another worker ends it with one prefix', async () => {
      await withAddresses(60)
      await withPool(60)
      const work = async (service: { serviceId: string, clientId: string }, points: Points) => {
        await give(service)
        await world.drain(world.worker(points)).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error
        })
      }
      // Built before its product included IPv6.
      const without = async () => {
        await db().update(products).set({ ipv6: false }).where(eq(products.id, product))
        const service = await running(0)
        await db().update(products).set({ ipv6: true }).where(eq(products.id, product))
        return service
      }
      const counting = livingForever()
      await work(await without(), counting)
      for (const dieAt of killPoints(kind, counting.names.length, { embedded: 7, postgres: 9 })) {
        const service = await without()
        await work(service, { ...livingForever(), dieAt })
        world.afterDeath()
        await world.drain(world.worker())
        const held = await prefixes(service.serviceId)
        expect(held.map(({ status }) => status), `killed at ${dieAt} (${counting.names[dieAt]})`).toEqual(['assigned'])
        expect((await world.look(service.serviceId)).machines).toMatchObject([{ ipv6: held[0]?.address }])
      }
    }, 60_000)
  })
})
