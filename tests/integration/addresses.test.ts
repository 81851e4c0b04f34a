import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addressPools, addresses, ipv6Prefixes, nodes, products, productStock, services } from '#db/schema/index.ts'
import type { Stores } from '#db/stores.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { NodeHeadroom } from '#server/infrastructure/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import exportRoute from '../../server/api/admin/ipv6-pools/[id]/export.get.ts'
import deleteRoute from '../../server/api/admin/ipv6-pools/[id]/index.delete.ts'
import showRoute from '../../server/api/admin/ipv6-pools/[id]/index.get.ts'
import updateRoute from '../../server/api/admin/ipv6-pools/[id]/index.put.ts'
import prefixesRoute from '../../server/api/admin/ipv6-pools/[id]/prefixes.get.ts'
import listRoute from '../../server/api/admin/ipv6-pools/index.get.ts'
import createRoute from '../../server/api/admin/ipv6-pools/index.post.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? [error.code, ...error.fields.map(({ path, code }) => `${path}:${code}`)].join(' ') : String(error))
const gib = 1_073_741_824
const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
/** A node with room for so many machines of 1 GiB and 20 GiB, beside the reserves. */
const node = (name: string, places: number): NodeHeadroom => ({ node: name, memoryTotal: (places + 4) * gib, memoryFree: (places + 4) * gib, storageFree: 10_000 * gib, storageKey: name, cpuCores: 8 })

describe.each(databaseKinds())('addresses of machines on %s', (kind) => {
  let test: TestApp
  let shop: ReturnType<typeof shopWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { DATABASE_POOL_SIZE: '20' } })
    shop = shopWorld(test.app)
    shop.capacity.hold = test.app.infrastructure.holdCapacity
  })
  afterAll(() => test.close())
  const db = () => test.app.core.database.executor
  const looked = (connectionId: string, nodes: readonly NodeHeadroom[]) => test.app.core.transact(stores => stores.capacity.saveLook(connectionId, test.clock.now(), nodes))
  const order = async (place: { templateId: string }, productId: string) => shop.ordering.placeOrder({ clientId: await shop.buyer(), items: [shop.item(productId, place.templateId)], promoCodes: [], cartToken: null })
  const limitTo = (poolId: string, nodes: string[]) => db().update(addressPools).set({ nodes }).where(eq(addressPools.id, poolId))
  /** A second pool of the same connection. */
  async function anotherPool(connectionId: string, nodes: string[], free: number) {
    const [id, net] = [uuidv7(), shop.nextNet++]
    await db().insert(addressPools).values({ id, connectionId, name: id, firstAddress: `10.${net}.0.10`, lastAddress: `10.${net}.0.250`, prefixLength: 24, gateway: `10.${net}.0.1`, nameservers: ['1.1.1.1'], nodes, createdAt: test.clock.now() })
    await db().insert(addresses).values(Array.from({ length: free }, (_, i) => ({ id: uuidv7(), poolId: id, address: `10.${net}.0.${10 + i}`, changedAt: test.clock.now() })))
    return id
  }
  const stockOf = async (productId: string) => {
    await test.app.infrastructure.refreshStock()
    return (await db().select().from(productStock).where(eq(productStock.productId, productId)))[0]
  }

  describe('pools that serve some nodes', () => {
    it('of many orders at once no more are placed than the pools of the nodes with room have addresses, and stock says so before', async () => {
      const place = await shop.connection(4)
      await limitTo(place.poolId, ['one'])
      const other = await anotherPool(place.connectionId, ['two'], 3)
      const productId = await shop.product(place)
      // Node two has room for two machines alone; node three is served by no pool.
      await looked(place.connectionId, [node('one', 50), node('two', 2), node('three', 50)])
      expect(await stockOf(productId)).toMatchObject({ places: 6, complete: true })
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => codeOf(order(place, productId))))
      expect([outcomes.filter(code => code === 'no error').length, outcomes.filter(code => code === 'out_of_stock').length]).toEqual([6, 4])
      expect([await shop.held(place.poolId), await shop.held(other)].map(rows => rows.length)).toEqual([4, 2])
      expect(await stockOf(productId)).toMatchObject({ places: 0 })
    })
    it('a machine is placed where its address is good for: what is promised of a narrow pool stands on that node', async () => {
      const place = await shop.connection(1)
      await limitTo(place.poolId, ['two'])
      const productId = await shop.product(place)
      await looked(place.connectionId, [node('one', 50), node('two', 1)])
      const { items } = await order(place, productId)
      const serviceId = items[0]?.serviceId ?? ''
      const claim = { connectionIds: [place.connectionId], cpuCores: 1, ramMiB: 1024, diskGiB: 20, count: 1 }
      const hold = (more: object) => test.app.core.transact(stores => test.app.infrastructure.holdCapacity(stores, { clientId: uuidv7(), claims: [{ ...claim, ...more }], forServiceId: serviceId }))
      const facts = await test.app.core.transact(stores => stores.serviceControl.facts(serviceId))
      expect(facts?.address).toMatchObject({ connectionId: place.connectionId, nodes: ['two'] })
      expect(await hold({ holds: facts?.address })).toEqual([{ connectionId: place.connectionId, node: 'two' }])
      expect(await codeOf(hold({}))).toBe('out_of_stock')
    })
    it('are limited to nodes that the connection showed, and may keep one that is not seen any more', async () => {
      const place = await shop.connection(0)
      const [{ createAddressPool, updateAddressPool }, net] = [test.app.infrastructure, shop.nextNet++]
      const fields = { name: `Terbatas ${net}`, firstAddress: `10.${net}.0.10`, lastAddress: `10.${net}.0.12`, gateway: `10.${net}.0.1`, nameservers: ['9.9.9.9'] }
      const create = (nodes: string[]) => createAddressPool({ actor: sysadmin, fields: { ...fields, connectionId: place.connectionId, prefixLength: 24, nodes } })
      expect(await codeOf(create(['one']))).toBe('invalid_input nodes:node_unknown')
      const strain = { netIn: null, netOut: null, ioWait: null, pressureCpu: null, pressureMemory: null, pressureIo: null }
      const seen = (names: string[]) => test.app.core.transact(stores => stores.nodes.record(place.connectionId, names.map(name => ({ node: name, online: true, cpu: 0, cpuCores: 1, memoryUsed: 0, memoryTotal: 1, diskUsed: 0, diskTotal: 1, loadAverage: null, uptimeSeconds: 1, version: null, strain })), test.clock.now()))
      await seen(['one'])
      const { id, nodes } = await create(['one'])
      expect(nodes).toEqual(['one'])
      await seen(['two'])
      expect((await updateAddressPool({ actor: sysadmin, id, fields: { ...fields, nodes: ['one', 'two'] } })).nodes).toEqual(['one', 'two'])
      expect(await codeOf(updateAddressPool({ actor: sysadmin, id, fields: { ...fields, nodes: ['three'] } }))).toBe('invalid_input nodes:node_unknown')
    })
  })

  describe('IPv6', () => {
    const pool6 = (connectionId: string, change: object = {}) => {
      const n = shop.nextNet++
      return test.app.infrastructure.createIpv6Pool({ actor: sysadmin, fields: { connectionId, name: `Enam ${n}`, prefix: `2001:db8:${n.toString(16)}::`, prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: [], bridge: null, vlanTag: null, nodes: [], ...change } })
    }
    const stores = <T>(work: (stores: Stores) => Promise<T>) => test.app.core.transact(work)
    const held = async (poolId: string) => (await db().select().from(ipv6Prefixes).where(eq(ipv6Prefixes.poolId, poolId)).orderBy(ipv6Prefixes.place)).map(({ address, status, serviceId }) => ({ address, status, serviceId }))
    const factsOf = (serviceId: string) => stores(all => all.serviceControl.facts(serviceId))
    async function sold(options: { ipv6?: boolean } = {}) {
      const place = await shop.connection(10)
      const productId = await shop.product(place)
      if (options.ipv6 === false) await db().update(products).set({ ipv6: false }).where(eq(products.id, productId))
      await looked(place.connectionId, [node('one', 20)])
      const buy = async () => (await order(place, productId)).items[0]?.serviceId ?? ''
      return { place, productId, buy }
    }

    it('each machine gets a network of its own, the lowest that was given back first, after seven days of quarantine', async () => {
      const { place, buy } = await sold()
      const { id, prefix } = await pool6(place.connectionId)
      const at = (n: number) => prefix.replace(/::$/, `:${n}::1`)
      const [one, two] = [await buy(), await buy()]
      expect((await held(id)).map(({ address, status, serviceId }) => [address, status, serviceId])).toEqual([[at(1), 'reserved', one], [at(2), 'reserved', two]])
      expect((await factsOf(two))?.address).toMatchObject({ ipv6: { address: at(2), length: 64, gateway: 'fe80::1', sender: prefix.replace(/::$/, ':2::/64') } })
      await stores(all => all.addresses.markAssigned(one))
      await stores(all => all.addresses.release(one))
      await stores(all => all.addresses.release(two))
      expect((await held(id)).map(({ status }) => status)).toEqual(['quarantine', 'free'])
      expect(await held(id).then(() => buy()).then(async third => (await held(id)).find(({ serviceId }) => serviceId === third)?.address)).toBe(at(2))
      test.clock.advance(7 * 86_400_000 + 1000)
      await stores(all => all.addressPools.releaseQuarantine(test.clock.now()))
      await looked(place.connectionId, [node('one', 20)])
      const fourth = await buy()
      expect((await held(id)).map(({ status, serviceId }) => [status, serviceId === fourth])).toEqual([['reserved', true], ['reserved', false]])
    })
    it('of many takers at once none gets what another got, and when all is given nobody is sold less than the product says', async () => {
      const { place, buy } = await sold()
      // Three networks, the first of which is the routers'.
      const { id, total } = await pool6(place.connectionId, { prefixLength: 62 })
      expect(total).toBe(3)
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => codeOf(buy())))
      expect([outcomes.filter(code => code === 'no error').length, outcomes.filter(code => code === 'out_of_stock').length]).toEqual([3, 3])
      expect(new Set((await held(id)).map(({ address }) => address)).size).toBe(3)
      // Who was refused holds no IPv4 address either.
      expect(await shop.held(place.poolId)).toHaveLength(3)
    })
    it('no IPv6 where the product does not include it, no pool is there, the card is another, or the node is not served', async () => {
      const without = await sold({ ipv6: false })
      await pool6(without.place.connectionId)
      expect((await factsOf(await without.buy()))?.address?.ipv6).toBeNull()
      const other = await sold()
      await pool6(other.place.connectionId, { vlanTag: 120 })
      await db().insert(nodes).values({ connectionId: other.place.connectionId, node: 'two', online: true, cpu: 0, cpuCores: 1, memoryUsed: 0, memoryTotal: 1, diskUsed: 0, diskTotal: 1, uptimeSeconds: 1, observedAt: test.clock.now() })
      const serviceId = await other.buy()
      expect((await factsOf(serviceId))?.address).toMatchObject({ ipv4: expect.any(String) as string, ipv6: null })
      // From now on its machines get IPv6, and the only node with room has none.
      const narrow = await pool6(other.place.connectionId, { nodes: ['two'] })
      await expect(other.buy()).rejects.toMatchObject({ code: 'out_of_stock' })
      // Built on another node than it was sold on: what it holds then is of a pool of that node.
      await stores(all => all.addresses.reserve({ serviceId, connectionIds: [other.place.connectionId], node: 'two' }))
      expect((await held(narrow.id)).map(row => row.serviceId)).toEqual([serviceId])
      await stores(all => all.addresses.reserve({ serviceId, connectionIds: [other.place.connectionId], node: 'one' }))
      expect((await held(narrow.id)).map(({ status, serviceId: of }) => [status, of])).toEqual([['free', null]])
    })
    it('a machine\'s IPv6 has a name, below the zone of its nibbles, that its owner changes and that goes when it is given back', async () => {
      const { place, buy } = await sold()
      const { prefix } = await pool6(place.connectionId)
      await stores(all => all.reverseDns.saveSettings({ url: 'https://dns.contoh.test', tlsMode: 'system', tlsCaPem: null, tlsFingerprint: null, serverId: 'localhost', apiKey: 'x', template: '{address-dashed}.contoh.id', ttl: 3600 }, test.clock.now()))
      const serviceId = await buy()
      await stores(all => all.addresses.markAssigned(serviceId))
      await db().update(services).set({ status: 'active' }).where(eq(services.id, serviceId))
      const [owner] = await db().select().from(services).where(eq(services.id, serviceId))
      const address = prefix.replace(/::$/, ':1::1')
      const show = () => test.app.provisioning.showReverseDns({ id: serviceId, clientId: owner?.clientId ?? '' })
      expect((await show()).items.map(({ address: shown, name, state }) => [shown.includes(':'), name?.endsWith('.contoh.id'), state])).toEqual([[false, true, 'pending'], [true, true, 'pending']])
      const rename = (typed: string) => codeOf(test.app.provisioning.setReverseDns({ id: serviceId, clientId: owner?.clientId ?? '', address: typed, name: 'enam.contoh.id', actor: sysadmin }))
      expect(await rename(address.toUpperCase())).toBe('no error')
      expect(await rename(address.replace(/:1::1$/, ':2::1'))).toBe('not_found')
      expect((await show()).items[1]).toMatchObject({ address, name: 'enam.contoh.id' })
      await stores(all => all.addresses.release(serviceId))
      expect(await stores(all => all.reverseDns.find(address))).toMatchObject({ name: null, serviceId: null })
      await stores(all => all.reverseDns.removeSettings())
    })
    it('pools are checked, kept apart and looked after over HTTP; what is in use keeps its pool and its gateway away from it', async () => {
      const { place, buy } = await sold()
      const served = await serveRoutes(test.app, [['get', '/api/admin/ipv6-pools', listRoute], ['post', '/api/admin/ipv6-pools', createRoute], ['get', '/api/admin/ipv6-pools/{id}', showRoute], ['put', '/api/admin/ipv6-pools/{id}', updateRoute], ['delete', '/api/admin/ipv6-pools/{id}', deleteRoute], ['get', '/api/admin/ipv6-pools/{id}/prefixes', prefixesRoute], ['get', '/api/admin/ipv6-pools/{id}/export', exportRoute]], (event) => {
        event.context.actor = sysadmin
      })
      const send = async (method: string, path: string, body?: object) => {
        const reply = await fetch(`${served.url}/api/admin/ipv6-pools${path}`, { method, ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}) })
        return { status: reply.status, text: await reply.text() }
      }
      const read = <T>({ text }: { text: string }) => JSON.parse(text) as T
      const fields = { name: 'Bersama', gateway: '2001:DB8:FF00::1', nameservers: ['2001:db8:ff00::53'], nodes: [], bridge: null, vlanTag: null }
      const made = await send('POST', '', { ...fields, connectionId: place.connectionId, prefix: '2001:DB8:FF00::', prefixLength: 64, machineLength: 128 })
      expect(made.status).toBe(201)
      const { id, prefix, gateway } = read<{ id: string, prefix: string, gateway: string }>(made)
      expect([prefix, gateway]).toEqual(['2001:db8:ff00::', '2001:db8:ff00::1'])
      const overlapping = await send('POST', '', { ...fields, name: 'Dua', gateway: 'fe80::1', connectionId: place.connectionId, prefix: '2001:db8:ff00::', prefixLength: 48, machineLength: 64 })
      expect([overlapping.status, overlapping.text]).toEqual([422, expect.stringContaining('prefix_overlaps')])
      const serviceId = await buy()
      const list = read<{ items: { address: string, status: string, service: { id: string } }[] }>(await send('GET', `/${id}/prefixes?status=reserved`))
      expect(list.items).toMatchObject([{ address: '2001:db8:ff00::100', status: 'reserved', service: { id: serviceId } }])
      expect((await send('GET', `/${id}/export`)).text).toContain('2001:db8:ff00::100')
      expect([(await send('PUT', `/${id}`, { ...fields, gateway: '2001:db8:ff00::100' })).text, (await send('DELETE', `/${id}`)).text]).toEqual([expect.stringContaining('gateway_in_use'), expect.stringContaining('address_pool_in_use')])
      expect((await send('PUT', `/${id}`, { ...fields, name: 'Bersama Lagi', gateway: 'fe80::1' })).status).toBe(200)
      expect(read<{ name: string, gateway: string, counts: object }>(await send('GET', `/${id}`))).toMatchObject({ name: 'Bersama Lagi', gateway: 'fe80::1', counts: { reserved: 1 } })
      await stores(all => all.addresses.release(serviceId))
      expect((await send('DELETE', `/${id}`)).status).toBe(204)
      expect(read<{ items: { id: string }[] }>(await send('GET', '')).items.map(row => row.id)).not.toContain(id)
      await served.close()
    })
  })
})
