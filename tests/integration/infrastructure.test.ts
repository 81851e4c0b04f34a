import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Stores } from '#db/stores.ts'
import { AppError } from '#shared/errors/codes.ts'
import createConnectionRoute from '../../server/api/admin/connections/index.post.ts'
import listConnectionsRoute from '../../server/api/admin/connections/index.get.ts'
import showConnectionRoute from '../../server/api/admin/connections/[id]/index.get.ts'
import testConnectionRoute from '../../server/api/admin/connections/[id]/test.post.ts'
import listNodesRoute from '../../server/api/admin/nodes.get.ts'
import listTemplatesRoute from '../../server/api/admin/templates.get.ts'
import listPoolsRoute from '../../server/api/admin/address-pools/index.get.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'

const sysadmin = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const codeOf = async (work: Promise<unknown>) => {
  const thrown = await work.then(() => null, (error: unknown) => error)
  if (!(thrown instanceof AppError)) throw thrown ?? new Error('nothing was thrown')
  return thrown.fields[0] ? `${thrown.code} ${thrown.fields[0].path}:${thrown.fields[0].code}` : thrown.code
}
const gib = 1_073_741_824

describe.each(databaseKinds())('infrastructure on %s', (kind) => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let role: 'sysadmin' | 'finance' | 'client' | null = 'sysadmin'
  let connectionId = ''
  const infrastructure = () => test.app.infrastructure
  const input = (change: object = {}) => ({ kind: 'proxmox' as const, name: 'Jakarta', url: sim.url, tls: { mode: 'fingerprint' as const, caPem: null, fingerprint: sim.fingerprint }, tokenId: sim.token.id, tokenSecret: sim.token.secret, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [], ...change })
  const query = async <T>(statement: ReturnType<typeof sql>) => ((await test.app.core.database.executor.execute(statement)) as unknown as { rows: T[] }).rows
  const page = { page: 1, pageSize: 20 }

  beforeAll(async () => {
    sim = await startProxmoxSimulator()
    test = await startTestApp({ kind, workers: false })
    served = await serveRoutes(test.app, [
      ['get', '/api/admin/connections', listConnectionsRoute], ['post', '/api/admin/connections', createConnectionRoute], ['get', '/api/admin/connections/{id}', showConnectionRoute], ['post', '/api/admin/connections/{id}/test', testConnectionRoute],
      ['get', '/api/admin/nodes', listNodesRoute], ['get', '/api/admin/templates', listTemplatesRoute], ['get', '/api/admin/address-pools', listPoolsRoute],
    ], (event) => {
      event.context.actor = role ? { ...sysadmin, role } : null
    })
    connectionId = (await infrastructure().createConnection({ actor: sysadmin, input: input() })).id
  })
  afterAll(async () => {
    test.app.infrastructure.closeHypervisors()
    await served.close()
    await test.close()
    await sim.close()
  })
  const call = (path: string, init: RequestInit = {}) => fetch(`${served.url}${path}`, init)

  it('D24: the secret is in no answer and in no audit row, and sealed at rest', async () => {
    await infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input() })
    const answers = await Promise.all([call('/api/admin/connections'), call(`/api/admin/connections/${connectionId}`)].map(async reply => (await reply).text()))
    const stored = JSON.stringify([await query(sql`select * from audit_log`), await query(sql`select token_secret from connections`)])
    for (const text of [...answers, stored]) expect(text).not.toContain(sim.token.secret)
    expect(answers.join()).not.toMatch(/secret/i)
    expect(stored).toContain('connection.update')
    expect(stored).toMatch(/"v1\./)
  })
  it('a kept secret is not sent to another address: it must be entered again', async () => {
    expect(await codeOf(infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input({ url: 'https://penyerang.test:8006', tokenSecret: undefined }) }))).toBe('invalid_input tokenSecret:secret_required_again')
    expect((await infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input({ tokenSecret: undefined, storage: 'local-lvm' }) })).url).toBe(sim.url)
  })
  it('each kind has its own words for name and secret: a token of Proxmox has a shape, a user of VMware may be called anything', async () => {
    const post = async (change: object) => {
      const reply = await call('/api/admin/connections', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input(change)) })
      return { status: reply.status, text: await reply.text() }
    }
    const refused = await post({ name: 'Salah', tokenId: 'gardu@vsphere.local', tokenSecret: 'kata sandi' })
    expect(refused.status).toBe(422)
    expect(refused.text).toMatch(/tokenId[\s\S]*tokenSecret/)
    const made = await post({ kind: 'vcenter', name: 'vCenter', tokenId: 'gardu@vsphere.local', tokenSecret: ' kata sandi ', bridge: 'VM Network 10 (DMZ)' })
    expect(made.status).toBe(201)
    const { id } = JSON.parse(made.text) as { id: string }
    const [row] = await query<{ token_secret: string }>(sql`select token_secret from connections where id = ${id}`)
    expect(test.app.core.secrets.open(row?.token_secret ?? '')).toBe(' kata sandi ')
    expect(await codeOf(infrastructure().updateConnection({ actor: sysadmin, id, input: input({ kind: 'esxi', name: 'vCenter', tokenId: 'gardu@vsphere.local', tokenSecret: 'x' }) }))).toBe('invalid_input kind:kind_fixed')
    await infrastructure().deleteConnection({ actor: sysadmin, id })
  })
  it('a name is used once', async () => {
    expect(await codeOf(infrastructure().createConnection({ actor: sysadmin, input: input() }))).toBe('invalid_input name:name_taken')
  })
  it.each(['http://169.254.169.254/', 'file:///etc/passwd', 'http://0xA9FEA9FE/'])('SSRF: %s cannot become a connection', async (url) => {
    const reply = await call('/api/admin/connections', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input({ name: 'Lain', url })) })
    expect(reply.status).toBe(422)
  })
  it.each([[null, 401], ['client', 403], ['finance', 403]] as const)('a caller who is %s gets %i from connections, nodes and pools', async (who, status) => {
    role = who
    const replies = await Promise.all(['/api/admin/connections', '/api/admin/nodes', '/api/admin/address-pools'].map(path => call(path)))
    role = 'sysadmin'
    expect(replies.map(reply => reply.status)).toEqual([status, status, status])
  })
  it('the live test sends each step as an event, then the whole, and stores the health', async () => {
    const reply = await call(`/api/admin/connections/${connectionId}/test`, { method: 'POST', headers: { accept: 'text/event-stream' } })
    expect(reply.headers.get('content-type')).toContain('text/event-stream')
    const events = [...(await reply.text()).matchAll(/event: (\w+)\ndata: (.+)\n/g)].map(found => [found[1], JSON.parse(found[2] ?? '') as { step?: string, ok: boolean }] as const)
    expect(events.map(([name, data]) => name === 'step' ? data.step : name)).toEqual(['dns', 'tcp', 'tls', 'auth', 'permissions', 'version', 'nodes', 'containers', 'firewall', 'done'])
    expect(events.at(-1)?.[1].ok).toBe(true)
    expect(await infrastructure().showConnection(connectionId)).toMatchObject({ healthy: true, problem: null, version: sim.state.version, filtersApply: true })
  })
  it('a data centre whose firewall is off is healthy and sold on, but its connection says that filters have no effect, until it is on', async () => {
    sim.state.clusterFirewall.enable = '0'
    expect(await infrastructure().testConnection({ actor: sysadmin, id: connectionId })).toMatchObject({ ok: true, steps: expect.arrayContaining([expect.objectContaining({ step: 'firewall', finding: 'firewall_off' })]) as unknown })
    expect(await (await call(`/api/admin/connections/${connectionId}`)).json()).toMatchObject({ healthy: true, problem: null, filtersApply: false })
    sim.state.clusterFirewall.enable = '1'
    await infrastructure().collect()
    expect(await infrastructure().showConnection(connectionId)).toMatchObject({ healthy: true, filtersApply: true })
  })
  it('the test answers JSON to who asks for JSON; an unknown connection is 404', async () => {
    expect(await (await call(`/api/admin/connections/${connectionId}/test`, { method: 'POST' })).json()).toMatchObject({ ok: true })
    expect((await call('/api/admin/connections/01900000-0000-7000-8000-00000000dead/test', { method: 'POST', headers: { accept: 'text/event-stream' } })).status).toBe(404)
  })
  it('synchronisation tells what came, what went and what stayed', async () => {
    expect(await infrastructure().syncTemplates({ actor: sysadmin, id: connectionId })).toMatchObject({ applied: true, added: ['debian-12-cloudinit', 'ubuntu-2404-cloudinit', 'almalinux-9-cloudinit', 'debian-12-standard_12.12-1_amd64', 'ubuntu-24.04-standard_24.04-2_amd64'], changed: [], vanished: [], unsure: [], unchanged: 0 })
    expect(await infrastructure().syncTemplates({ actor: sysadmin, id: connectionId })).toMatchObject({ added: [], changed: [], vanished: [], unchanged: 5 })
    const gone = sim.state.machines[9002]
    Reflect.deleteProperty(sim.state.machines, 9002)
    expect(await infrastructure().syncTemplates({ actor: sysadmin, id: connectionId })).toMatchObject({ added: [], vanished: [{ name: 'almalinux-9-cloudinit', products: [] }], unchanged: 4 })
    if (gone) sim.state.machines[9002] = gone
    expect(await infrastructure().syncTemplates({ actor: sysadmin, id: connectionId })).toMatchObject({ added: ['almalinux-9-cloudinit'] })
    const listed = await (await call('/api/admin/templates')).json() as { items: { name: string, diskGiB: number, username: string, present: boolean }[] }
    expect(listed.items).toContainEqual(expect.objectContaining({ name: 'debian-12-cloudinit', diskGiB: 3, username: 'debian', machineType: 'vm', present: true }))
    expect(listed.items).toContainEqual(expect.objectContaining({ name: 'debian-12-standard_12.12-1_amd64', username: 'root', machineType: 'container', present: true }))
  })
  it('a hypervisor that is down makes synchronisation fail with the reason', async () => {
    sim.faults.set({ down: true })
    expect(await codeOf(infrastructure().syncTemplates({ actor: sysadmin, id: connectionId }))).toBe('connection_failed')
    sim.faults.clear()
  })
  it('collection stores nodes and samples, tells open pages, keeps samples for a day, and shows a silent hypervisor as unhealthy', async () => {
    const hints: string[] = []
    const end = test.app.core.live.subscribe(hint => hints.push(hint.name))
    await infrastructure().collect()
    end()
    expect(hints).toContain('nodes')
    const { items } = await (await call('/api/admin/nodes')).json() as { items: { node: string, online: boolean, memoryTotal: number, history: unknown[] }[] }
    expect(items).toHaveLength(2)
    expect(items[0]).toMatchObject({ online: true, memoryTotal: 64 * gib })
    expect(items[0]?.history.length).toBeGreaterThan(0)
    const samples = async () => (await query<{ n: number }>(sql`select count(*)::int as n from metric_series where step = 'raw'`))[0]?.n
    expect(await samples()).toBeGreaterThan(0)
    test.clock.advance(25 * 3_600_000)
    sim.faults.set({ down: true })
    await infrastructure().collect()
    sim.faults.clear()
    expect(await infrastructure().showConnection(connectionId)).toMatchObject({ healthy: false, problem: expect.stringContaining('Proxmox') })
    expect(await samples()).toBe(0)
    await infrastructure().collect()
    expect((await infrastructure().showConnection(connectionId)).healthy).toBe(true)
  })
  it('a tick enqueues one collection, however often it ticks', async () => {
    await infrastructure().requestCollection('a')
    await infrastructure().requestCollection('b')
    expect((await query<{ n: number }>(sql`select count(*)::int as n from pgboss.job where name = 'infrastructure.collect-due' and state = 'created'`))[0]?.n).toBe(1)
  })
  it('capacity is what the hypervisors say now; none answering is unknown, none fitting is out of stock', async () => {
    const ask = (ramMiB: number) => infrastructure().checkCapacity({ connectionIds: [connectionId], cpuCores: 2, ramMiB, diskGiB: 20, count: 1, holds: { connectionId, nodes: [] } })
    expect(await ask(2048)).toEqual([{ connectionId, node: expect.stringMatching(/^pve-/) }])
    expect(await codeOf(ask(100 * 1024))).toBe('out_of_stock')
    sim.faults.set({ down: true })
    expect(await codeOf(ask(2048))).toBe('capacity_unknown')
    sim.faults.clear()
    await infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input({ maintenance: true }) })
    expect(await codeOf(ask(2048))).toBe('out_of_stock')
    await infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input() })
  })
  it('a connection that was changed is spoken to as it is now', async () => {
    await infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input({ tokenSecret: '99999999-2222-4333-8444-555555555555' }) })
    await expect((await infrastructure().openHypervisor(connectionId)).version()).rejects.toMatchObject({ kind: 'action_required' })
    await infrastructure().updateConnection({ actor: sysadmin, id: connectionId, input: input() })
    expect(await (await infrastructure().openHypervisor(connectionId)).version()).toBe(sim.state.version)
  })

  describe('addresses', () => {
    const service = (n: number) => `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
    let poolId = ''
    beforeAll(async () => {
      poolId = (await infrastructure().createAddressPool({ actor: sysadmin, fields: { connectionId, name: 'Publik', firstAddress: '203.0.113.10', lastAddress: '203.0.113.29', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } })).id
    })
    const transact = <T>(work: (stores: Stores) => Promise<T>) => test.app.core.transact(work)
    const read = () => test.app.core.read.addresses
    const reserve = (n: number) => transact(stores => stores.addresses.reserve({ serviceId: service(n), connectionIds: [connectionId] }))
    const counts = async () => (await infrastructure().listAddressPools(page)).items[0]?.counts

    it('D12: 200 reservations at once for 20 addresses give exactly 20, all different', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => reserve(n)))
      expect(outcomes.filter(outcome => outcome.status === 'fulfilled')).toHaveLength(20)
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'out_of_stock' })
      expect(await counts()).toEqual({ free: 0, reserved: 20, assigned: 0, quarantine: 0, blocked: 0 })
      expect(new Set((await read().findForMany(Array.from({ length: 200 }, (_, n) => service(n)))).values()).size).toBe(20)
    })
    it('a service holds one address, however often it asks; what was reserved is free at once when released', async () => {
      await Promise.all(Array.from({ length: 200 }, (_, n) => transact(stores => stores.addresses.release(service(n)))))
      await reserve(1)
      const first = await read().findFor(service(1))
      await reserve(1)
      expect(await read().findFor(service(1))).toEqual(first)
      expect(first).toMatchObject({ prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'], connectionId })
      expect(await counts()).toMatchObject({ free: 19, reserved: 1 })
    })
    it('an address that a machine had rests seven days before it is handed out again', async () => {
      await transact(stores => stores.addresses.markAssigned(service(1)))
      await transact(stores => stores.addresses.release(service(1)))
      expect(await counts()).toMatchObject({ free: 19, assigned: 0, quarantine: 1 })
      expect(await codeOf(infrastructure().deleteAddressPool({ actor: sysadmin, id: poolId }))).toBe('address_pool_in_use')
      test.clock.advance(7 * 86_400_000 - 1000)
      await infrastructure().collect()
      expect(await counts()).toMatchObject({ quarantine: 1 })
      test.clock.advance(1000)
      await infrastructure().collect()
      expect(await counts()).toMatchObject({ free: 20, quarantine: 0 })
    })
    it('an address stands in one pool only', async () => {
      expect(await codeOf(infrastructure().createAddressPool({ actor: sysadmin, fields: { connectionId, name: 'Dua', firstAddress: '203.0.113.29', lastAddress: '203.0.113.40', prefixLength: 24, gateway: '203.0.113.1', nameservers: ['9.9.9.9'] } }))).toBe('invalid_input firstAddress:address_in_other_pool')
    })
    it('a connection with a pool cannot be deleted; without one it goes, with its templates and nodes', async () => {
      expect(await codeOf(infrastructure().deleteConnection({ actor: sysadmin, id: connectionId }))).toBe('connection_in_use')
      await infrastructure().deleteAddressPool({ actor: sysadmin, id: poolId })
      await infrastructure().deleteConnection({ actor: sysadmin, id: connectionId })
      expect((await infrastructure().listConnections(page)).total).toBe(0)
      await expect(infrastructure().openHypervisor(connectionId)).rejects.toMatchObject({ kind: 'action_required' })
    })
  })
})
