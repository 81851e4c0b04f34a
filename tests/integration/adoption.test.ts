import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addresses, auditLog, connections, ipv6Pools, ipv6Prefixes, resources, services } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { adoptMachine, buildAnew, listStrays, showAdoption, unlinkMachine } from '#server/provisioning/adopt.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import type { FakeMachine } from '../support/fake-hypervisor.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const staff: Actor = { kind: 'user', id: '01900000-0000-7000-8000-00000000aaaa', name: 'Rina', role: 'sysadmin' }
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))
let number = 700

describe.each(databaseKinds())('whose a machine is, on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
  })
  const deps = () => ({ read: test.app.core.read, connections: test.app.core.read.connections, transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), newId: uuidv7, clock: test.clock })
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  /** Somebody else's machine, of the size that is sold, with a free address of the pool. */
  async function stranger(change: Partial<FakeMachine> = {}): Promise<FakeMachine> {
    await world.addAddress(null)
    const free = await test.app.core.read.addresses.nextFree(world.connectionId, 'jkt1')
    const machine: FakeMachine = { vmid: ++number, node: 'jkt1', mark: null, name: 'lama', power: 'running', lock: null, cores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100, ipv4: free, startsAtBoot: true, networkUp: true, password: null, bootedAt: 0, filtered: null, ...change }
    world.hypervisor.machines.set(machine.vmid, machine)
    return machine
  }
  const show = (id: string, { vmid }: FakeMachine) => showAdoption(deps())({ id, connectionId: world.connectionId, vmid })
  const adopt = (id: string, { vmid, name, ipv4 }: FakeMachine, change: { name?: string, ipv4?: string } = {}) => adoptMachine(deps())({ id, connectionId: world.connectionId, vmid, name, ipv4: ipv4 ?? '', reason: 'pindahan', actor: staff, ...change })
  const unlink = async (id: string) => unlinkMachine(deps())({ id, hostname: (await world.look(id)).service?.hostname ?? '', reason: 'milik klien', actor: staff })
  const unlinked = async () => {
    const built = await world.build()
    await unlink(built.serviceId)
    await drain()
    return built
  }
  /** Paid, and its build failed for good. */
  const failed = async () => {
    const { serviceId } = await world.paidService()
    world.hypervisor.templates.clear()
    await world.worker().follow({ kind: 'provision', serviceId, cause: 'test' })
    await drain()
    return serviceId
  }
  const owned = (machine: FakeMachine) => world.hypervisor.machines.get(machine.vmid)?.mark ?? null

  it('a machine is let go: it runs on without a mark, its address is blocked, and the service has none; who wanted it and why is written down', async () => {
    const { serviceId, resource, address, machines: [machine] } = await unlinked()
    expect(machine).toMatchObject({ mark: null, power: 'running' })
    const now = await world.look(serviceId)
    expect(now).toMatchObject({ newest: { kind: 'unlink', status: 'done' }, resource: { status: 'unlinked', vmid: null, connectionId: null, initialPassword: null }, address: undefined, service: { status: 'active' } })
    expect(now.resource?.ownershipMark).not.toBe(resource?.ownershipMark)
    const [left] = await test.app.core.database.executor.select().from(addresses).where(eq(addresses.address, address?.address ?? ''))
    expect(left).toMatchObject({ status: 'blocked', serviceId: null, reason: expect.stringContaining(String(resource?.vmid)) as unknown })
    const [row] = await test.app.core.database.executor.select().from(auditLog).where(and(eq(auditLog.entityId, serviceId), eq(auditLog.action, 'service.unlink')))
    expect(row).toMatchObject({ before: { vmid: resource?.vmid, ipv4: address?.address }, after: { reason: 'milik klien' } })
  })

  it('where machines that are there are not let go, one that is gone is, and the service gets a new one', async () => {
    const { serviceId, address, machines: [machine] } = await world.build()
    const db = test.app.core.database.executor
    await db.update(connections).set({ kind: 'esxi' }).where(eq(connections.id, world.connectionId))
    expect(await codeOf(unlink(serviceId))).toBe('adoption_unsupported')
    world.hypervisor.machines.delete(machine?.vmid ?? 0)
    await world.addAddress(null)
    await unlink(serviceId)
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'unlink', status: 'done' }, resource: { status: 'unlinked', vmid: null, connectionId: null } })
    await buildAnew(deps())({ id: serviceId, reason: 'hilang', actor: staff })
    await drain()
    const now = await world.look(serviceId)
    expect(now).toMatchObject({ newest: { kind: 'provision', status: 'done' }, resource: { status: 'ready' }, service: { status: 'active' } })
    expect(now.address?.address).not.toBe(address?.address)
  })

  it('IPv6 of a machine that is let go is blocked with its address; given a machine again, a service has all that was sold to it', async () => {
    const db = test.app.core.database.executor
    const built = await world.build()
    const { serviceId } = built
    const poolId = uuidv7()
    await db.insert(ipv6Pools).values({ id: poolId, connectionId: world.connectionId, name: poolId, prefix: `2001:db8:${(++number).toString(16)}::`, prefixLength: 48, machineLength: 64, gateway: 'fe80::1', nameservers: [], nodes: [], nextPlace: 2, createdAt: test.clock.now() })
    await db.insert(ipv6Prefixes).values({ id: uuidv7(), poolId, place: 1, address: `2001:db8:${number.toString(16)}:1::1`, status: 'assigned', serviceId, changedAt: test.clock.now() })
    await unlink(serviceId)
    await drain()
    expect(await db.select().from(ipv6Prefixes).where(eq(ipv6Prefixes.poolId, poolId))).toMatchObject([{ status: 'blocked', serviceId: null, reason: expect.stringContaining(String(built.resource?.vmid)) as unknown }])
    const { service } = await world.look(serviceId)
    if (!service) throw new Error('no service')
    await db.update(services).set({ spec: { ...service.spec, extraIpv4: 1 } }).where(eq(services.id, serviceId))
    await world.addAddress(null)
    const machine = await stranger()
    await adopt(serviceId, machine)
    await drain()
    const held = await test.app.core.read.addresses.allOf(serviceId)
    expect(held.map(({ ordinal, reserved }) => [ordinal, reserved])).toEqual([[0, false], [1, false]])
    expect(world.hypervisor.machines.get(machine.vmid)?.filtered?.toSorted()).toEqual(held.map(({ ipv4 }) => ipv4).toSorted())
  })

  it('what was let go is given again: the address that it uses is its service\'s, and it is filtered, never stopped', async () => {
    const { serviceId, machines: [machine], address } = await unlinked()
    if (!machine) throw new Error('no machine')
    expect(await show(serviceId, machine)).toMatchObject({ refusal: null, differences: [], address: { ipv4: address?.address, verdict: 'blocked', suggested: address?.address } })
    await adopt(serviceId, machine)
    await drain()
    const now = await world.look(serviceId)
    expect(now).toMatchObject({ newest: { kind: 'adopt', status: 'done' }, resource: { status: 'ready', vmid: machine.vmid, node: 'jkt1', power: 'running' }, address: { address: address?.address, status: 'assigned' }, service: { status: 'active' } })
    expect(owned(machine)).toBe(now.resource?.ownershipMark)
    expect(world.hypervisor.machines.get(machine.vmid)?.filtered).toEqual([address?.address])
    expect([world.hypervisor.count('shutdown'), world.hypervisor.count('stop'), world.hypervisor.count('reboot')]).toEqual([0, 0, 0])
  })

  it('paid and failed, a service is active when the machine that it was given was seen to run with what was sold', async () => {
    const serviceId = await failed()
    const small = await stranger({ cores: 2 })
    expect(await show(serviceId, small)).toMatchObject({ refusal: 'adopt_wrong_size' })
    expect(await codeOf(adopt(serviceId, small))).toBe('adopt_wrong_size')
    const machine = await stranger({ power: 'stopped' })
    await adopt(serviceId, machine)
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready', vmid: machine.vmid, power: 'running' } })
    expect([owned(small), world.hypervisor.machines.get(machine.vmid)?.power]).toEqual([null, 'running'])
  })

  it('a machine that carries a mark of a living service, or snapshots of an earlier owner, or another name, is not given; nothing is sent', async () => {
    const { machines: [owners] } = await world.build()
    const { serviceId } = await unlinked()
    if (!owners) throw new Error('no machine')
    expect(await codeOf(adopt(serviceId, owners))).toBe('adopt_refused')
    expect(await codeOf(adopt(serviceId, await stranger(), { name: 'salah' }))).toBe('invalid_input')
    expect(await codeOf(adopt(serviceId, await stranger(), { ipv4: '198.51.100.7' }))).toBe('invalid_input')
    expect(await codeOf(adopt(serviceId, await stranger({ snapshots: [{ name: 'gardu-0123456789ab', title: 'x', at: null, kept: {} }] })))).toBe('adopt_refused')
    expect(await codeOf(adopt((await world.build()).serviceId, await stranger()))).toBe('adopt_has_machine')
    expect(world.hypervisor.count('adoptMachine')).toBe(0)
    expect((await listStrays(deps())({ connectionId: world.connectionId, page: 1, pageSize: 50 })).items.map(({ vmid }) => vmid)).not.toContain(owners.vmid)
  })

  it('a machine whose service is gone is found, searched for and given; its old mark is replaced', async () => {
    const orphan = await stranger({ mark: uuidv7(), name: 'yatim' })
    const { serviceId } = await unlinked()
    expect(await listStrays(deps())({ connectionId: world.connectionId, page: 1, pageSize: 50, q: 'YATIM' })).toMatchObject({ total: 1, items: [{ vmid: orphan.vmid, orphan: true }] })
    await adopt(serviceId, orphan)
    await drain()
    expect(owned(orphan)).toBe((await world.look(serviceId)).resource?.ownershipMark)
  })

  it('two services wish for one machine: one gets it', async () => {
    const [first, second] = [await unlinked(), await unlinked()]
    const machine = await stranger()
    await adopt(first.serviceId, machine)
    await adopt(second.serviceId, machine)
    await drain()
    const both = [await world.look(first.serviceId), await world.look(second.serviceId)]
    expect(both.filter(({ resource }) => resource?.status === 'ready')).toHaveLength(1)
    expect(both.map(({ resource }) => resource?.ownershipMark)).toContain(owned(machine))
  })

  it('somebody marks the machine meanwhile: it is left to him, and what the service then ends takes nothing along', async () => {
    const { serviceId } = await unlinked()
    const machine = await stranger()
    const theirs = uuidv7()
    await adopt(serviceId, machine)
    const worker = world.worker()
    world.hypervisor.hook = (act, moment) => {
      if (act === 'adoptMachine' && moment === 'before') machine.mark = theirs
    }
    await world.drain(worker)
    expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'adopt', status: 'failed' }, resource: { status: 'error' } })
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
    await world.worker().follow({ kind: 'terminate', serviceId, cause: 'test' })
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ resource: { status: 'destroyed' } })
    expect(world.hypervisor.machines.get(machine.vmid)).toMatchObject({ mark: theirs, power: 'running' })
  })

  it('D11: a machine that is given to a suspended service is stopped by the suspension that follows', async () => {
    const { serviceId } = await unlinked()
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    const machine = await stranger()
    await adopt(serviceId, machine)
    await drain()
    await world.worker().recover()
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'suspended' }, resource: { status: 'stopped_by_policy' } })
    expect(world.hypervisor.machines.get(machine.vmid)).toMatchObject({ power: 'stopped', networkUp: false })
  })

  it('a service without a machine is built anew with another address; suspended meanwhile, its machine is not started until it is paid', async () => {
    const { serviceId, resource } = await unlinked()
    await world.addAddress(null)
    await buildAnew(deps())({ id: serviceId, reason: 'mesin baru', actor: staff })
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
    await drain()
    await world.worker().recover()
    const starts = world.hypervisor.count('start')
    expect(await world.look(serviceId)).toMatchObject({ resource: { status: 'error' }, machines: [{ power: 'stopped' }] })
    await world.worker().follow({ kind: 'suspend', serviceId, cause: 'test' })
    await drain()
    await test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
    await world.worker().follow({ kind: 'resume', serviceId, cause: 'test' })
    await drain()
    const now = await world.look(serviceId)
    expect(now).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' }, machines: [{ power: 'running' }] })
    expect(now.resource?.ownershipMark).not.toBe(resource?.ownershipMark)
    expect(world.hypervisor.count('start')).toBe(starts + 1)
  })

  it('an end that meets an unlink waits for it: the machine that was let go is not destroyed', async () => {
    const { serviceId, machines: [machine] } = await world.build()
    await unlink(serviceId)
    await test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
    expect(await world.worker().follow({ kind: 'terminate', serviceId, cause: 'test' }).catch((error: unknown) => String(error))).toBeDefined()
    await drain()
    await world.worker().recover()
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ resource: { status: 'destroyed', vmid: null } })
    expect(world.hypervisor.machines.get(machine?.vmid ?? 0)).toMatchObject({ mark: null, power: 'running' })
    expect(await codeOf(unlink(serviceId))).toBe('service_not_ready')
  })

  it.each(['adopt', 'unlink'] as const)('killed at any point, %s ends with the same: one machine with the mark of the books, or none', async (act) => {
    const begin = async () => {
      if (act === 'unlink') {
        const { serviceId, machines: [machine] } = await world.build()
        if (!machine) throw new Error('no machine')
        await unlink(serviceId)
        return { serviceId, machine }
      }
      const { serviceId } = await unlinked()
      const machine = await stranger()
      await adopt(serviceId, machine)
      return { serviceId, machine }
    }
    const other = await stranger()
    await begin()
    const all = livingForever()
    await drain(all)
    expect(all.names.length).toBeGreaterThan(8)
    for (const dieAt of killPoints(kind, all.names.length, { embedded: 5, postgres: 8 })) {
      const { serviceId, machine } = await begin()
      const points: Points = { seen: 0, dieAt, dead: false, names: [] }
      await world.drain(world.worker(points)).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      world.afterDeath()
      await drain()
      const now = await world.look(serviceId)
      expect(now.newest, points.names.at(-1)).toMatchObject({ kind: act, status: 'done' })
      expect(now.machines.map(({ vmid }) => vmid), points.names.at(-1)).toEqual(act === 'adopt' ? [machine.vmid] : [])
      expect(now.resource?.status).toBe(act === 'adopt' ? 'ready' : 'unlinked')
      expect(world.hypervisor.machines.get(machine.vmid)).toMatchObject({ power: 'running' })
    }
    expect(world.hypervisor.machines.get(other.vmid)).toEqual(other)
    expect(owned(other)).toBeNull()
  })

  it('a hypervisor that does not answer is no reason to believe that no machine is there', async () => {
    const { serviceId } = await unlinked()
    const machine = await stranger()
    world.hypervisor.down = true
    expect(await codeOf(adopt(serviceId, machine))).toBe('connection_failed')
    expect(await test.app.core.database.executor.select().from(resources).where(eq(resources.serviceId, serviceId))).toMatchObject([{ status: 'unlinked' }])
  })
})
