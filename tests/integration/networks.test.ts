import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import networksRoute from '../../server/api/admin/connections/[id]/networks.get.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'

const sysadmin = { kind: 'user' as const, id: uuidv7(), name: 'Sari', role: 'sysadmin' as const }
const codeOf = (work: Promise<unknown>) => work.then(() => 'done', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('networks of a connection, on %s', (kind) => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let id = ''
  let poolId = ''
  const infrastructure = () => test.app.infrastructure
  const db = () => test.app.core.database.executor
  const query = async <T>(statement: ReturnType<typeof sql>) => ((await db().execute(statement)) as unknown as { rows: T[] }).rows
  const sync = (request: { apply?: boolean, agreed?: string } = {}) => infrastructure().syncConnection({ actor: sysadmin, id, ...request })
  const listed = async (q = '') => (await (await fetch(`${served.url}/api/admin/connections/${id}/networks?q=${q}`)).json()) as { total: number, items: { name: string, present: boolean, nodes: string[], vlanTag: number | null, pools: { name: string, family: number }[] }[] }
  const pool = async () => (await infrastructure().showAddressPool({ id: poolId })).network
  const fits = () => codeOf(infrastructure().checkCapacity({ connectionIds: [id], cpuCores: 1, ramMiB: 1024, diskGiB: 10, count: 1 }))
  const bridge = { iface: 'vmbr0', type: 'bridge' as const, vlanAware: true }
  const clients = { iface: 'vmbr7', type: 'bridge' as const }

  beforeAll(async () => {
    sim = await startProxmoxSimulator()
    sim.state.networks = [bridge, clients]
    test = await startTestApp({ kind, workers: false })
    served = await serveRoutes(test.app, [['get', '/api/admin/connections/{id}/networks', networksRoute]], (event) => {
      event.context.actor = sysadmin
    })
    await db().insert(users).values({ id: sysadmin.id, email: 'sari@contoh.test', name: 'Sari', passwordHash: 'x', role: 'sysadmin', locale: 'en', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
    id = (await infrastructure().createConnection({ actor: sysadmin, input: { kind: 'proxmox', name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint', caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [] } })).id
    poolId = (await infrastructure().createAddressPool({ actor: sysadmin, fields: { connectionId: id, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.20', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'], bridge: 'vmbr7', vlanTag: null, nodes: [] } })).id
  })
  afterAll(async () => {
    infrastructure().closeHypervisors()
    await served.close()
    await test.close()
    await sim.close()
  })

  it('before anything was read nothing is said of a pool; a look stores nothing, and what was agreed to is stored with the pools that attach to it', async () => {
    expect(await pool()).toEqual({ name: 'vmbr7', problems: [], missingOn: [] })
    const looked = await sync({ apply: false })
    expect(looked.networks).toMatchObject({ added: ['vmbr0', 'vmbr7'], changed: [], vanished: [], unchanged: 0 })
    expect((await listed()).total).toBe(0)
    expect(await sync({ agreed: looked.difference })).toMatchObject({ applied: true })
    expect((await listed()).items.map(({ name, nodes, pools }) => [name, nodes, pools.map(row => row.name)])).toEqual([['vmbr0', ['pve-jkt1', 'pve-jkt2'], []], ['vmbr7', ['pve-jkt1', 'pve-jkt2'], ['Publik']]])
    expect((await sync()).networks).toMatchObject({ added: [], changed: [], unchanged: 2 })
  })

  it('what changed is told field by field, and a pool tells what does not fit: a node without it, a tag where cards choose none', async () => {
    sim.state.networks = [bridge, { ...clients, nodes: ['pve-jkt1'] }]
    expect((await sync()).networks).toMatchObject({ changed: [{ name: 'vmbr7', fields: [{ field: 'nodes', from: 'pve-jkt1, pve-jkt2', to: 'pve-jkt1' }] }] })
    expect(await pool()).toEqual({ name: 'vmbr7', problems: ['not_on_nodes'], missingOn: ['pve-jkt2'] })
    const tagged = await infrastructure().createIpv6Pool({ actor: sysadmin, fields: { connectionId: id, name: 'Enam', prefix: '2001:db8::', prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: [], nodes: ['pve-jkt1'], bridge: 'vmbr7', vlanTag: 7 } })
    expect(tagged.network).toEqual({ name: 'vmbr7', problems: ['no_tags'], missingOn: [] })
    await infrastructure().deleteIpv6Pool({ actor: sysadmin, id: tagged.id })
    sim.state.networks = [bridge, clients]
    await sync()
    expect((await pool()).problems).toEqual([])
  })

  it('no machine is placed on a node that lacks the network of its pool, whatever the pool says of its nodes, and no address is given for it there; of a node that told nothing nothing is held', async () => {
    const size = { connectionIds: [id], cpuCores: 1, ramMiB: 1024, diskGiB: 10 }
    const placed = async (count: number) => [...new Set((await infrastructure().checkCapacity({ ...size, count })).map(({ node }) => node))].sort()
    const free = (node: string) => test.app.core.transact(stores => stores.addresses.nextFree(id, node))
    const cutOff = async () => (await test.app.core.read.capacity.load([id], undefined)).flatMap(row => row.cutOff?.map(({ nodes }) => nodes))
    const reached = async () => (await test.app.core.read.capacity.load([id], undefined)).flatMap(({ freeAddresses }) => freeAddresses.map(({ nodes }) => nodes))
    expect(await placed(8)).toEqual(['pve-jkt1', 'pve-jkt2'])
    expect([await reached(), await cutOff()]).toEqual([[[]], []])
    sim.state.networks = [bridge, { ...clients, nodes: ['pve-jkt1'] }]
    await sync()
    expect(await placed(8)).toEqual(['pve-jkt1'])
    expect([await free('pve-jkt1'), await free('pve-jkt2')]).toEqual(['203.0.113.10', null])
    expect([await reached(), await cutOff()]).toEqual([[['pve-jkt1']], [['pve-jkt2']]])
    const held = await codeOf(test.app.core.transact(stores => infrastructure().holdCapacity(stores, { clientId: sysadmin.id, claims: [{ ...size, count: 1, node: 'pve-jkt2' }] })))
    expect(held).toBe('out_of_stock')
    await db().execute(sql`update address_pools set nodes = '["pve-jkt2"]' where id = ${poolId}`)
    expect(await fits()).toBe('out_of_stock')
    expect(await cutOff()).toEqual([['pve-jkt2']])
    await db().execute(sql`update address_pools set nodes = '[]' where id = ${poolId}`)
    // As of a node whose networks were never told.
    await db().execute(sql`update networks set nodes = '["pve-jkt1"]' where connection_id = ${id}`)
    expect(await placed(8)).toEqual(['pve-jkt1', 'pve-jkt2'])
    sim.state.networks = [bridge, clients]
    await sync()
  })

  it('a network that pools attach to and that vanished stops new orders there, stands as an alarm and is told once; it comes back when it is seen again', async () => {
    const letters = async () => (await query<{ params: { offers: string } }>(sql`select params from mails where template = 'offer_vanished'`)).map(row => row.params.offers)
    expect(await fits()).toBe('done')
    sim.state.networks = [bridge]
    expect((await sync({ apply: false })).networks).toMatchObject({ vanished: [{ name: 'vmbr7', pools: [{ id: poolId, name: 'Publik', family: 4 }] }] })
    await infrastructure().synchronise()
    await infrastructure().synchronise()
    expect(await letters()).toEqual(['vmbr7: Publik'])
    expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ missedNetworks: 1 })
    expect((await infrastructure().listAddressPools({ page: 1, pageSize: 10, lost: true })).items.map(row => row.network)).toEqual([{ name: 'vmbr7', problems: ['vanished'], missingOn: [] }])
    expect(await fits()).toBe('out_of_stock')
    expect((await test.app.core.read.capacity.load([id], undefined)).map(row => [row.freeAddresses, row.cutOff?.map(({ nodes }) => nodes)])).toEqual([[[], [['pve-jkt1', 'pve-jkt2']]]])
    expect(await test.app.core.transact(stores => stores.addresses.nextFree(id, 'pve-jkt1'))).toBeNull()
    sim.state.networks = [bridge, clients]
    expect((await sync()).networks).toMatchObject({ added: ['vmbr7'] })
    expect(await test.app.provisioning.showStaffOverview()).toMatchObject({ missedNetworks: 0 })
    expect(await fits()).toBe('done')
  })

  it('a node that is off and a right that is missing take nothing away', async () => {
    const off = sim.state.nodes.find(({ name }) => name === 'pve-jkt2')
    if (off) off.online = false
    expect((await sync()).networks).toMatchObject({ changed: [], vanished: [], unchanged: 2 })
    if (off) off.online = true
    const token = sim.state.tokens.find(row => row.id === sim.token.id)
    const before = token?.privileges ?? []
    if (token) token.privileges = before.filter(privilege => privilege !== 'Sys.Audit' && privilege !== 'SDN.Use')
    const seen = await sync()
    if (token) token.privileges = before
    expect(seen).toMatchObject({ networks: null, networksProblem: expect.stringContaining('SDN.Use') as string })
    expect((await listed()).items.every(({ present }) => present)).toBe(true)
  })

  it('a machine that gets IPv6 is placed only where there is a prefix for it, and the last one is sold once', async () => {
    const pool6 = await infrastructure().createIpv6Pool({ actor: sysadmin, fields: { connectionId: id, name: 'Enam', prefix: '2001:db8:6::', prefixLength: 63, machineLength: 64, gateway: 'fe80::1', nameservers: [], nodes: ['pve-jkt2'], bridge: 'vmbr7', vlanTag: null } })
    const size = { connectionIds: [id], cpuCores: 1, ramMiB: 1024, diskGiB: 10, count: 1 }
    expect(await infrastructure().checkCapacity({ ...size, ipv6: true })).toEqual([{ connectionId: id, node: 'pve-jkt2' }])
    const nodes: (string | undefined)[] = []
    const buy = () => codeOf(test.app.core.transact(async (stores) => {
      const [placed] = await infrastructure().holdCapacity(stores, { clientId: sysadmin.id, claims: [{ ...size, ipv6: true }] })
      nodes.push(placed?.node)
      await stores.ipv6Pools.changePlaces(pool6.id, [{ place: 1, address: '2001:db8:6:1::1', to: 'blocked', reason: 'terjual' }], test.clock.now())
    }))
    expect((await Promise.all([buy(), buy(), buy()])).sort()).toEqual(['done', 'out_of_stock', 'out_of_stock'])
    expect(nodes).toEqual(['pve-jkt2'])
    expect(await codeOf(infrastructure().checkCapacity({ ...size, ipv6: true }))).toBe('out_of_stock')
    expect(await fits()).toBe('done')
  })

  it('the searched name stands first, also among others that hold it', async () => {
    sim.state.networks = [bridge, clients, { iface: 'a-vmbr7', type: 'OVSBridge' }]
    await sync()
    expect((await listed('vmbr7')).items.map(({ name }) => name)).toEqual(['vmbr7', 'a-vmbr7'])
  })
})
