import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addressPools, ipv6Prefixes, connections, products } from '#db/schema/index.ts'
import type { ClosableDriver } from '#server/infrastructure/open-hypervisor.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { actOnBackup } from '#server/provisioning/backups.ts'
import { moveMachine } from '#server/provisioning/move.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { filteredAddresses } from '../../simulators/proxmox/firewall.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { driversOf, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'

const system: Actor = { kind: 'system', name: 'test' }
const storage = 'ceph-vm'

describe.each(databaseKinds())('services on Proxmox, over its wire, on %s', (kind) => {
  let test: TestApp
  let simulator: ProxmoxSimulator
  let world: ProvisioningWorld
  let drivers: ReturnType<typeof hypervisorPool>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    simulator = await startProxmoxSimulator({ delayFactor: 0, now: () => world?.wallClock.now().getTime() ?? Date.parse('2026-11-02T03:00:00Z') })
    // The driver as in production, but with little patience: a lost answer is waited for only so long.
    const { core } = test.app
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('proxmox', (access): ClosableDriver => createProxmoxDriver(access, { connectMilliseconds: 500, totalMilliseconds: 1000 })) })
    world = await provisioningWorld(test, { url: simulator.url, fingerprint: simulator.fingerprint, token: simulator.token, node: 'pve-jkt1', storage, open: drivers.open, capacity: test.app.infrastructure.checkCapacity, roomOnNodes: test.app.infrastructure.roomOnNodes })
    const { connectionId } = world
    world.setHold(test.app.infrastructure.holdCapacity)
    // Other connections of this database are those of earlier tests, whose simulators are gone.
    world.setCapacity(input => test.app.infrastructure.checkCapacity({ ...input, connectionIds: input.connectionIds.filter(id => id === connectionId) }))
  })
  afterEach(async () => {
    drivers.closeAll()
    test.app.infrastructure.closeHypervisors()
    await simulator.close()
  })

  const billing = () => test.app.billing
  const suspend = (serviceId: string) => test.app.core.transact(stores => billing().suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const resume = (serviceId: string) => test.app.core.transact(stores => billing().resumeService(stores, { serviceId, note: 'x', actor: system }))
  const end = (serviceId: string) => test.app.core.transact(stores => billing().endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
  const client = (id: string) => ({ kind: 'user' as const, id, name: 'Sari Dewi', role: 'client' as const })
  const machines = () => Object.values(simulator.state.machines).filter(machine => machine.config.template !== '1')
  const sent = (pattern: RegExp) => simulator.journal.filter(line => pattern.test(line)).length
  async function follow(saga: 'provision' | 'suspend' | 'resume' | 'terminate', serviceId: string) {
    const worker = world.worker()
    await worker.follow({ kind: saga, serviceId, cause: 'test' })
    await world.drain(worker)
  }
  async function runOnce(serviceId: string) {
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId, cause: 'paid' })
    const [sagaId = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId })
  }
  function fillStorage(): () => void {
    const shared = simulator.state.storages.find(candidate => candidate.storage === storage)
    if (!shared) throw new Error('the simulator lost its storage')
    const before = shared.otherUse
    shared.otherUse = shared.total
    return () => void (shared.otherUse = before)
  }

  it('a machine is backed up and restored over the wire: what it was then, the size that is sold now, filtered, and one machine with its mark', async () => {
    const { core } = test.app
    const { serviceId, service: { clientId, productId, hostname, spec } } = await world.build()
    await core.database.executor.update(connections).set({ backupStorage: 'local' }).where(eq(connections.id, world.connectionId))
    await core.database.executor.update(products).set({ backupsIncluded: 1 }).where(eq(products.id, productId))
    const act = actOnBackup({ read: core.read, transact: core.transact, openHypervisor: drivers.open, clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14 })
    await act({ id: serviceId, clientId, actor: client(clientId), act: { action: 'create' } })
    await world.drain(world.worker())
    const [backup] = await core.read.backups.inStates(serviceId, ['ready'])
    expect(backup).toMatchObject({ storage: 'local', volume: expect.stringContaining('vzdump-qemu-') as string })
    const [machine] = machines()
    Object.assign(machine?.config ?? {}, { cores: '1', memory: '512', ciuser: 'rusak' })
    await act({ id: serviceId, clientId, actor: client(clientId), act: { action: 'restore', backupId: backup?.id ?? '', hostname } })
    await world.drain(world.worker())
    const { newest, resource, address } = await world.look(serviceId)
    expect(newest).toMatchObject({ kind: 'restore', status: 'done' })
    expect(machines()).toHaveLength(1)
    expect(machines()[0]).toMatchObject({ running: true, config: { cores: String(spec.cpuCores), memory: String(spec.ramMiB), ciuser: 'debian', tags: expect.stringContaining(resource?.ownershipMark ?? '-') as string } })
    expect(filteredAddresses(simulator.state, resource?.vmid ?? 0)).toEqual([address?.address])
    expect(sent(/POST .*\/qemu$/)).toBe(1)
  })
  it('a paid service is built as ordered: one machine, with the cores, memory, disk, rate, address and mark that were sold', async () => {
    const { resource, service, address } = await world.build()
    expect(service.status).toBe('active')
    expect(resource).toMatchObject({ status: 'ready', power: 'running', problem: null })
    const [machine, ...more] = machines()
    expect(more).toEqual([])
    expect(machine).toMatchObject({ vmid: resource?.vmid, node: resource?.node, running: true, config: { cores: '1', sockets: '1', memory: '1024', onboot: '1', ciuser: 'debian', ipconfig0: `ip=${address?.address}/24,gw=203.0.113.1`, nameserver: '203.0.113.53' } })
    expect(machine?.config.scsi0).toMatch(/size=20G/)
    expect(machine?.config.net0).toMatch(/bridge=vmbr0.*rate=11\.92/)
    expect(machine?.config.net0).toMatch(/firewall=1/)
    expect(filteredAddresses(simulator.state, machine?.vmid ?? 0)).toEqual([address?.address])
    expect(machine?.config.description).toContain(resource?.ownershipMark)
    expect(machine?.config.tags).toContain(resource?.ownershipMark)
  })
  it('a machine whose address comes from a pool with a bridge and a VLAN is built there, and is ready once it was read back so', async () => {
    const poolIs = (change: { bridge: string | null, vlanTag: number | null }) => test.app.core.database.executor.update(addressPools).set(change)
    await poolIs({ bridge: 'vmbr1', vlanTag: 120 })
    const { resource } = await world.build()
    await poolIs({ bridge: null, vlanTag: null })
    expect(resource).toMatchObject({ status: 'ready', power: 'running', problem: null })
    expect(simulator.state.machines[resource?.vmid ?? 0]?.config.net0).toMatch(/bridge=vmbr1,.*tag=120/)
  })

  it('a machine with IPv6 is built with it, sends from both its addresses alone, and is ready once it was read back so', async () => {
    await test.app.infrastructure.createIpv6Pool({ actor: { kind: 'user', id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' }, fields: { connectionId: world.connectionId, name: 'Enam', prefix: '2001:db8:10::', prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: ['2001:db8:10::53'], bridge: null, vlanTag: null, nodes: [] } })
    const { service, resource, address } = await world.build()
    const vmid = resource?.vmid ?? 0
    expect([service.status, resource?.status, resource?.problem]).toEqual(['active', 'ready', null])
    expect(simulator.state.machines[vmid]?.config).toMatchObject({ ipconfig0: `ip=${address?.address}/24,gw=203.0.113.1,ip6=2001:db8:10:1::1/64,gw6=fe80::1`, nameserver: '203.0.113.53 2001:db8:10::53' })
    expect(new Set(filteredAddresses(simulator.state, vmid))).toEqual(new Set([address?.address, '2001:db8:10:1::/64']))
    expect(await test.app.core.database.executor.select({ address: ipv6Prefixes.address, status: ipv6Prefixes.status }).from(ipv6Prefixes)).toEqual([{ address: '2001:db8:10:1::1', status: 'assigned' }])
  })

  const move = (serviceId: string, node: string, live: boolean) => moveMachine({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: drivers.open, roomOnNodes: test.app.infrastructure.roomOnNodes })({ id: serviceId, node, live, reason: 'uji', actor: system })
  const otherNode = (node: string | null | undefined) => simulator.state.nodes.find(({ name }) => name !== node)?.name ?? ''
  it('moved to another node, running or stopped for it, the answer lost: the machine is there with its number, address and filter, and moved once', async () => {
    const { serviceId, resource, address } = await world.build()
    let at = resource?.node
    for (const live of [true, false]) {
      const to = otherNode(at)
      await move(serviceId, to, live)
      simulator.faults.set({ hangAfterAct: 1, match: '^POST .*/migrate$' })
      await world.drain(world.worker())
      expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'move', status: 'done' }, resource: { status: 'ready', node: to, vmid: resource?.vmid, power: 'running' } })
      expect(machines()).toMatchObject([{ vmid: resource?.vmid, node: to, running: true }])
      expect(filteredAddresses(simulator.state, resource?.vmid ?? 0)).toEqual([address?.address])
      at = to
    }
    expect(sent(/^POST .*\/migrate$/)).toBe(2)
  })
  it('two machines move to the last place of a node: while one is on its way the other is refused and stays where it is', async () => {
    const [, to] = simulator.state.nodes
    if (!to) throw new Error('no other node')
    // Nothing is built there.
    to.memory = 1_073_741_824
    const built = [await world.build(), await world.build()]
    // Beside the reserve of 4 GiB there is room for one of a GiB.
    to.memory = 5.5 * 1_073_741_824
    for (const { serviceId } of built) await move(serviceId, to.name, true)
    simulator.faults.set({ holdTasks: true })
    const worker = world.worker()
    const [first = '', second = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 2)
    await worker.run({ sagaId: first })
    await worker.run({ sagaId: second })
    simulator.faults.set({ holdTasks: false })
    simulator.tasks.settle()
    await world.drain(worker)
    const ends = await Promise.all(built.map(async ({ serviceId }) => (await world.look(serviceId)).newest))
    expect(ends.map(saga => [saga?.id === first, saga?.status]).sort()).toEqual([[false, 'failed'], [true, 'done']])
    expect(ends.find(saga => saga?.id === second)?.reason).toBe(`node ${to.name} has no room for the machine`)
    expect(machines().filter(({ node, running }) => running && node === to.name)).toHaveLength(1)
  })

  it('the answer of the clone is lost after the act: exactly one machine', async () => {
    simulator.faults.set({ hangAfterAct: 1, match: '^POST .*/clone$' })
    const { service } = await world.build()
    expect(simulator.faults.current.hangAfterAct).toBe(0)
    expect(service.status).toBe('active')
    expect(machines()).toHaveLength(1)
    expect(sent(/^POST .*\/clone$/)).toBe(1)
  })

  it('the answer of each call of the filter is lost after the act: one machine, filtered to exactly its address', async () => {
    for (const call of ['POST .*/firewall/ipset$', 'POST .*/firewall/ipset/ipfilter-net0$', 'PUT .*/firewall/options$']) {
      simulator.faults.set({ hangAfterAct: 1, match: `^${call}` })
      const { service, resource, address } = await world.build()
      expect(simulator.faults.current.hangAfterAct, call).toBe(0)
      expect(service.status, call).toBe('active')
      expect(filteredAddresses(simulator.state, resource?.vmid ?? 0), call).toEqual([address?.address])
    }
    expect(machines()).toHaveLength(3)
  })

  it('suspended is off, kept off by the host and without network; resumed, it runs with network again; ended, it is gone', async () => {
    const { serviceId } = await world.build()
    await suspend(serviceId)
    await follow('suspend', serviceId)
    expect(machines()).toMatchObject([{ running: false, config: { onboot: '0', net0: expect.stringContaining('link_down=1') as string } }])
    expect((await world.look(serviceId)).resource?.status).toBe('stopped_by_policy')
    await resume(serviceId)
    await follow('resume', serviceId)
    expect(machines()).toMatchObject([{ running: true, config: { onboot: '1', net0: expect.not.stringContaining('link_down') as string } }])
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' } })
    await end(serviceId)
    await follow('terminate', serviceId)
    expect(machines()).toEqual([])
    expect(simulator.state.firewalls).toEqual({})
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'ended' }, resource: { status: 'destroyed' }, address: undefined })
  })

  it('power: stop, start, reboot and shutdown do what they say, once', async () => {
    const { serviceId, clientId } = await world.build()
    const worker = world.worker()
    for (const [action, running] of [['stop', false], ['start', true], ['reboot', true], ['shutdown', false]] as const) {
      const before = sent(new RegExp(`/status/${action}$`))
      await worker.act({ id: serviceId, action, actor: client(clientId) })
      await world.drain(worker)
      expect((await world.look(serviceId)).newest, action).toMatchObject({ kind: 'power', action, status: 'done' })
      expect(machines(), action).toMatchObject([{ running }])
      expect(sent(new RegExp(`/status/${action}$`)) - before, action).toBe(1)
    }
  })

  it('D10: a foreign machine under our number is neither stopped, changed nor destroyed', async () => {
    const { serviceId, resource } = await world.build()
    const foreign = simulator.state.machines[resource?.vmid ?? 0]
    if (!foreign) throw new Error('no machine was built')
    // Our machine is gone, and its number was given to somebody else.
    Object.assign(foreign.config, { name: 'db-produksi', description: 'not yours', tags: 'produksi' })
    const before = structuredClone(foreign)
    await suspend(serviceId)
    await follow('suspend', serviceId)
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'suspend', status: 'failed' })
    await end(serviceId)
    await follow('terminate', serviceId)
    expect(simulator.state.machines[foreign.vmid]).toEqual(before)
    expect((await world.look(serviceId)).resource?.status).toBe('destroyed')
  })

  it('D11: a suspended machine is not started, neither by a new act nor by one that was asked for before', async () => {
    const { serviceId, clientId } = await world.build()
    const worker = world.worker()
    await worker.act({ id: serviceId, action: 'reboot', actor: client(clientId) })
    await suspend(serviceId)
    await world.drain(worker)
    await follow('suspend', serviceId)
    await expect(worker.act({ id: serviceId, action: 'start', actor: client(clientId) })).rejects.toMatchObject({ code: 'service_suspended' })
    expect(sent(/\/status\/reboot$/)).toBe(0)
    expect(machines()).toMatchObject([{ running: false }])
  })

  it('made anew: the old machine is destroyed once, the new one has its number, address and a mark of its own; lost answers double nothing', async () => {
    const { serviceId, resource: before, address } = await world.build()
    for (const lost of ['DELETE .*/qemu/\\d+$', 'POST .*/clone$', 'POST .*/config$']) {
      const [old] = machines()
      const counted = { clone: sent(/^POST .*\/clone$/), destroy: sent(/^DELETE .*\/qemu\/\d+$/) }
      await world.beginReinstall(serviceId)
      simulator.faults.set({ hangAfterAct: 1, match: `^${lost}` })
      await world.drain(world.worker())
      expect(simulator.faults.current.hangAfterAct, lost).toBe(0)
      simulator.faults.clear()
      const { resource, newest, service } = await world.look(serviceId)
      expect({ saga: newest?.status, service: service.status, resource: resource?.status }, lost).toEqual({ saga: 'done', service: 'active', resource: 'ready' })
      const [machine, ...more] = machines()
      expect(more, lost).toEqual([])
      expect(machine, lost).toMatchObject({ vmid: before?.vmid, running: true, config: { ciuser: 'debian', sshkeys: expect.stringContaining('ssh-ed25519') as string, ipconfig0: `ip=${address?.address}/24,gw=203.0.113.1` } })
      expect(machine?.config.description, lost).toContain(resource?.ownershipMark)
      expect(machine?.config.description, lost).not.toBe(old?.config.description)
      expect(filteredAddresses(simulator.state, machine?.vmid ?? 0), lost).toEqual([address?.address])
      expect({ clone: sent(/^POST .*\/clone$/) - counted.clone, destroy: sent(/^DELETE .*\/qemu\/\d+$/) - counted.destroy }, lost).toEqual({ clone: 1, destroy: 1 })
    }
  })
  it('made anew while the storage is full, or the machine under our number is foreign: nothing is stopped or destroyed', async () => {
    const { serviceId, resource } = await world.build()
    const enlarge = fillStorage()
    await world.beginReinstall(serviceId)
    await world.drain(world.worker())
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed', reason: 'the storage has no room for the template\'s disk' }, resource: { status: 'ready' } })
    enlarge()
    const foreign = simulator.state.machines[resource?.vmid ?? 0]
    if (foreign) Object.assign(foreign.config, { name: 'db-produksi', description: 'not yours', tags: 'produksi' })
    const before = structuredClone(foreign)
    await world.beginReinstall(serviceId)
    await world.drain(world.worker())
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed', step: 0 }, resource: { status: 'ready' } })
    expect(simulator.state.machines[resource?.vmid ?? 0]).toEqual(before)
    expect(sent(/\/status\/stop$/) + sent(/^DELETE .*\/qemu\//)).toBe(0)
  })

  it('the storage is full: failed with the reason, never active; a retry after it was enlarged builds one machine', async () => {
    const order = await world.paidService()
    const { connectionId } = world
    // The size was promised before the storage filled up: the clone itself meets it.
    world.setCapacity(async () => [{ connectionId, node: 'pve-jkt1' }])
    world.setHold(async () => [])
    const enlarge = fillStorage()
    await follow('provision', order.serviceId)
    const failed = await world.look(order.serviceId)
    expect(failed).toMatchObject({ service: { status: 'pending' }, resource: { status: 'error' }, newest: { status: 'failed', reason: expect.stringMatching(/space/i) as string } })
    expect(machines()).toEqual([])
    enlarge()
    const worker = world.worker()
    await worker.retry(order.serviceId)
    await world.drain(worker)
    expect((await world.look(order.serviceId)).service.status).toBe('active')
    expect(machines()).toHaveLength(1)
  })

  it('Proxmox is down: the build waits, never active, and ends by itself when Proxmox is back', async () => {
    const order = await world.paidService()
    simulator.faults.set({ down: true })
    await runOnce(order.serviceId)
    expect(await world.look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, newest: { status: 'waiting', reason: expect.stringMatching(/./) as string } })
    simulator.faults.clear()
    await world.drain(world.worker())
    expect((await world.look(order.serviceId)).service.status).toBe('active')
    expect(machines()).toHaveLength(1)
  })
})
