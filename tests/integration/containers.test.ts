import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connections, productConnections, products, productStock, productTemplates, services, templates } from '#db/schema/index.ts'
import type { ClosableDriver } from '#server/infrastructure/open-hypervisor.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { actOnAccess, showAccess } from '#server/provisioning/access.ts'
import { actOnBackup } from '#server/provisioning/backups.ts'
import { moveMachine } from '#server/provisioning/move.ts'
import { openRepair } from '#server/provisioning/open-saga.ts'
import { reinstall } from '#server/provisioning/reinstall.ts'
import { actOnSnapshot } from '#server/provisioning/snapshots.ts'
import { createProxmoxDriver } from '#server/drivers/hypervisor/proxmox/driver.ts'
import { filteredAddresses } from '../../simulators/proxmox/firewall.ts'
import { guestHash } from '../../simulators/proxmox/guest.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, driversOf, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system: Actor = { kind: 'system', name: 'test' }
const ref = 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst'

describe.each(databaseKinds())('containers on Proxmox, over its wire, on %s', (kind) => {
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
    const { core } = test.app
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('proxmox', (access): ClosableDriver => createProxmoxDriver(access, { connectMilliseconds: 500, totalMilliseconds: 500 })) })
    world = await provisioningWorld(test, { url: simulator.url, fingerprint: simulator.fingerprint, token: simulator.token, node: 'pve-jkt1', storage: 'ceph-vm', template: { ref }, open: drivers.open, capacity: async () => [{ connectionId: world.connectionId, node: 'pve-jkt1' }], roomOnNodes: test.app.infrastructure.roomOnNodes })
    await db().update(templates).set({ machineType: 'container', username: 'root' }).where(eq(templates.id, world.templateId))
  })
  afterEach(async () => {
    drivers.closeAll()
    test.app.infrastructure.closeHypervisors()
    await simulator.close()
  })

  const db = () => test.app.core.database.executor
  const client = (id: string) => ({ kind: 'user' as const, id, name: 'Sari Dewi', role: 'client' as const })
  const built = () => Object.values(simulator.state.machines).filter(machine => machine.config.template !== '1')
  const sent = (pattern: RegExp) => simulator.journal.filter(line => pattern.test(line)).length
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const change = (work: 'suspendService' | 'resumeService' | 'endService', serviceId: string) => test.app.core.transact(async (stores) => {
    if (work === 'suspendService') await test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system })
    else if (work === 'resumeService') await test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system })
    else await test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system })
  })
  async function follow(saga: 'provision' | 'suspend' | 'resume' | 'terminate', serviceId: string) {
    await world.worker().follow({ kind: saga, serviceId, cause: 'test' })
    await drain()
  }

  it('a paid service becomes one unprivileged container as it was sold, filtered, with the login that its client reads; what it cannot is said', async () => {
    const { serviceId, service, resource, address } = await world.build()
    expect([service.status, resource?.status, resource?.problem, resource?.power]).toEqual(['active', 'ready', null, 'running'])
    const [container, ...more] = built()
    expect(more).toEqual([])
    const { cpuCores, ramMiB, diskGiB } = service.spec
    expect(container).toMatchObject({ kind: 'lxc', vmid: resource?.vmid, running: true, config: { unprivileged: '1', features: 'nesting=1', hostname: service.hostname, cores: String(cpuCores), memory: String(ramMiB), swap: '0', onboot: '1', rootfs: `ceph-vm:vm-${resource?.vmid}-disk-0,size=${diskGiB}G`, nameserver: '203.0.113.53' } })
    for (const part of ['name=eth0', 'bridge=vmbr0', 'firewall=1', `ip=${address?.address}/24`, 'gw=203.0.113.1', 'rate=11.92']) expect(container?.config.net0?.split(',')).toContain(part)
    for (const text of [container?.config.description, container?.config.tags]) expect(text).toContain(resource?.ownershipMark)
    expect(filteredAddresses(simulator.state, resource?.vmid ?? 0)).toEqual([address?.address])
    const login = await test.app.provisioning.revealCredentials({ id: serviceId, clientId: service.clientId })
    expect(login.username).toBe('root')
    expect(container?.guest?.passwords).toEqual({ root: guestHash(login.password) })
    expect(await test.app.core.read.servicePages.find(serviceId, service.clientId)).toMatchObject({ machineType: 'container' })
    expect(await showAccess({ read: test.app.core.read })({ id: serviceId, clientId: service.clientId })).toMatchObject({ can: { login: false, rename: true, rescue: false }, images: [] })
  })
  it('suspended it is off and without network, resumed it runs, backed up and restored it is what is sold, ended it is gone', async () => {
    const { core } = test.app
    const { serviceId, service, resource } = await world.build()
    await db().update(connections).set({ backupStorage: 'local' }).where(eq(connections.id, world.connectionId))
    await db().update(products).set({ backupsIncluded: 1 }).where(eq(products.id, service.productId))
    const backup = actOnBackup({ read: core.read, transact: core.transact, openHypervisor: drivers.open, clock: test.clock, newId: uuidv7, zone: 'Asia/Jakarta', keptDays: 14 })
    await backup({ id: serviceId, clientId: service.clientId, actor: client(service.clientId), act: { action: 'create' } })
    await drain()
    const [kept] = await core.read.backups.inStates(serviceId, ['ready'])
    expect(kept?.volume).toContain('vzdump-lxc-')
    Object.assign(built()[0]?.config ?? {}, { memory: '512', cores: '1' })
    await backup({ id: serviceId, clientId: service.clientId, actor: client(service.clientId), act: { action: 'restore', backupId: kept?.id ?? '', hostname: service.hostname } })
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'restore', status: 'done', reason: null }, resource: { status: 'ready' } })
    expect(built()).toMatchObject([{ kind: 'lxc', vmid: resource?.vmid, running: true, config: { memory: String(service.spec.ramMiB), cores: String(service.spec.cpuCores), tags: expect.stringContaining(resource?.ownershipMark ?? '-') as string } }])
    await change('suspendService', serviceId)
    await follow('suspend', serviceId)
    expect(built()).toMatchObject([{ running: false, config: { onboot: '0', net0: expect.stringContaining('link_down=1') as string } }])
    await change('resumeService', serviceId)
    await follow('resume', serviceId)
    expect(built()).toMatchObject([{ running: true, config: { onboot: '1', net0: expect.not.stringContaining('link_down') as string } }])
    await change('endService', serviceId)
    await follow('terminate', serviceId)
    expect(built()).toEqual([])
    expect(simulator.state.firewalls).toEqual({})
  })
  it('made larger, renamed, gone back to a snapshot and moved while it runs, it is what was sold at its new node, filtered and running', async () => {
    const { core } = test.app
    const { serviceId, service, resource, address } = await world.build()
    const by = { id: serviceId, clientId: service.clientId, actor: client(service.clientId) }
    const done = async (of: string) => {
      await drain()
      expect(await world.look(serviceId), of).toMatchObject({ newest: { kind: of, status: 'done', reason: null }, resource: { status: 'ready' } })
      expect(built(), of).toMatchObject([{ kind: 'lxc', vmid: resource?.vmid, running: true }])
    }
    await db().update(products).set({ snapshotLimit: 1 }).where(eq(products.id, service.productId))
    const snapshots = { read: core.read, transact: core.transact, openHypervisor: drivers.open, random: () => '0123456789ab' }
    await actOnSnapshot(snapshots)({ ...by, act: { action: 'create', title: 'Sebelum' } })
    await done('snapshot')
    const spec = { ...service.spec, cpuCores: 2, ramMiB: 2048, diskGiB: 30 }
    await db().update(services).set({ spec }).where(eq(services.id, serviceId))
    await core.transact(stores => openRepair(stores, { kind: 'resize', serviceId, actor: 'test' }))
    await done('resize')
    const larger = { cores: '2', memory: '2048', rootfs: expect.stringContaining('size=30G') as string }
    expect(built()).toMatchObject([{ config: larger }])
    const access = actOnAccess({ read: core.read, transact: core.transact, secrets: core.secrets, newPassword: () => 'Rahasia-999' })
    await access({ ...by, act: { action: 'hostname', hostname: 'wadah.contoh.test', restart: false } })
    await done('rename')
    for (const act of [{ action: 'password', restart: false }, { action: 'keys', sshKey: null, restart: false }] as const) await expect(access({ ...by, act })).rejects.toMatchObject({ code: 'access_unsupported' })
    await actOnSnapshot(snapshots)({ ...by, act: { action: 'rollback', name: 'gardu-0123456789ab', hostname: 'wadah.contoh.test' } })
    await done('rollback')
    expect(built()).toMatchObject([{ config: { ...larger, onboot: '1' } }])
    const to = simulator.state.nodes.find(({ name }) => name !== resource?.node)?.name ?? ''
    await moveMachine({ read: core.read, transact: core.transact, openHypervisor: drivers.open, roomOnNodes: test.app.infrastructure.roomOnNodes })({ id: serviceId, node: to, live: true, reason: 'uji', actor: system })
    await done('move')
    expect(built()).toMatchObject([{ node: to, config: larger }])
    expect(filteredAddresses(simulator.state, resource?.vmid ?? 0)).toEqual([address?.address])
  })
  it('the answer to the making is lost, or its task fails: in the end there is one container, made under one number at a time', async () => {
    simulator.faults.set({ hangAfterAct: 1, match: '^POST .*/lxc$' })
    expect((await world.build()).service.status).toBe('active')
    expect([built().length, sent(/^POST .*\/lxc$/)]).toEqual([1, 1])
    simulator.faults.clear()
    simulator.faults.set({ failTasks: '^vzcreate$' })
    const order = await world.paidService()
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: 'paid' })
    const [sagaId = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId })
    expect(built()).toHaveLength(1)
    simulator.faults.clear()
    await world.drain(worker)
    expect((await world.look(order.serviceId)).service.status).toBe('active')
    expect(built()).toHaveLength(2)
  })
  it('the storage is full, or the template is on another node alone: failed with the reason, never active, and nothing is left', async () => {
    const local = simulator.state.storages.filter(({ storage }) => storage === 'local')
    const shared = simulator.state.storages.find(({ storage }) => storage === 'ceph-vm')
    if (!shared) throw new Error('the simulator lost its storage')
    const use = shared.otherUse
    for (const [happen, undo, reason] of [
      [() => (shared.otherUse = shared.total), () => (shared.otherUse = use), /free space/],
      [() => delete local.find(({ node }) => node === 'pve-jkt1')?.osTemplates, () => null, /pve-jkt1 does not have template .*, pve-jkt2 has/],
    ] as const) {
      happen()
      const order = await world.paidService()
      await follow('provision', order.serviceId)
      expect(await world.look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, resource: { status: 'error' }, newest: { status: 'failed', reason: expect.stringMatching(reason) as string } })
      expect(built()).toEqual([])
      undo()
    }
  })
  it('a storage that takes no containers any more has no stock of them and gets none, by a build, a move or a reinstall; what stands there stays, and stock comes back with the content', async () => {
    const { core, infrastructure } = test.app
    const { serviceId, service } = await world.build()
    await db().update(products).set({ status: 'active' }).where(eq(products.id, service.productId))
    await db().insert(productTemplates).values({ productId: service.productId, templateId: world.templateId }).onConflictDoNothing()
    await db().insert(productConnections).values({ productId: service.productId, connectionId: world.connectionId }).onConflictDoNothing()
    await world.addAddress(null)
    const counted = async () => {
      await infrastructure.collect()
      return (await db().select().from(productStock).where(eq(productStock.productId, service.productId)))[0]
    }
    expect((await counted())?.places).toBeGreaterThan(0)
    const shared = simulator.state.storages.find(({ storage }) => storage === 'ceph-vm')
    if (!shared) throw new Error('the simulator lost its storage')
    shared.content = 'images'
    expect(await counted()).toMatchObject({ places: 0, complete: true, limitedBy: 'storage_content' })
    expect((await infrastructure.listTemplates({ page: 1, pageSize: 100 })).items.find(({ id }) => id === world.templateId)).toMatchObject({ refused: true })
    const made = sent(/^POST .*\/lxc$/)
    world.setCapacity(infrastructure.checkCapacity)
    world.setHold(infrastructure.holdCapacity)
    const waiting = await world.paidService()
    await follow('provision', waiting.serviceId)
    expect(await world.look(waiting.serviceId)).toMatchObject({ service: { status: 'pending' } })
    const to = simulator.state.nodes.find(({ name }) => name !== built()[0]?.node)?.name ?? ''
    const move = () => moveMachine({ read: core.read, transact: core.transact, openHypervisor: drivers.open, roomOnNodes: infrastructure.roomOnNodes })({ id: serviceId, node: to, live: true, reason: 'uji', actor: system })
    await expect(move()).rejects.toMatchObject({ code: 'move_storage_content' })
    await expect(reinstall({ read: core.read, transact: core.transact, openHypervisor: drivers.open, newId: uuidv7 })({ id: serviceId, clientId: service.clientId, templateId: world.templateId, hostname: service.hostname, sshKey: null, actor: client(service.clientId) })).rejects.toMatchObject({ code: 'reinstall_storage_content' })
    expect([sent(/^POST .*\/lxc$/), built().length]).toEqual([made, 1])
    shared.content = 'images,rootdir'
    expect((await counted())?.places).toBeGreaterThan(0)
    await world.worker().retry(waiting.serviceId)
    await drain()
    expect((await world.look(waiting.serviceId)).service.status).toBe('active')
    expect(built()).toHaveLength(2)
  })
  it('made anew: offered are templates of containers alone; the new one has number and address of the old, its own mark and login', async () => {
    const { serviceId, service, resource, address } = await world.build()
    const machine = uuidv7()
    await db().insert(templates).values({ id: machine, connectionId: world.connectionId, node: 'pve-jkt1', ref: '9000', name: 'debian-12-cloudinit', osFamily: 'debian', username: 'debian', diskGiB: 3, seenAt: test.clock.now() })
    await db().insert(productTemplates).values({ productId: service.productId, templateId: machine })
    expect((await test.app.core.read.serviceControl.reinstallTemplates(serviceId)).map(row => row.ref)).toEqual([ref])
    const [old] = built()
    await world.beginReinstall(serviceId)
    await drain()
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'done' }, service: { status: 'active' }, resource: { status: 'ready', vmid: resource?.vmid } })
    const [made, ...more] = built()
    expect(more).toEqual([])
    expect(made).toMatchObject({ kind: 'lxc', vmid: resource?.vmid, running: true, guest: { keys: expect.stringContaining('ssh-ed25519') as string } })
    expect(made?.config.tags).not.toBe(old?.config.tags)
    expect(filteredAddresses(simulator.state, resource?.vmid ?? 0)).toEqual([address?.address])
    const login = await test.app.provisioning.revealCredentials({ id: serviceId, clientId: service.clientId })
    expect(made?.guest?.passwords).toEqual({ root: guestHash(login.password) })
  })
  it('killed before or after a transaction or remote call, another worker ends it: one container, whose login is the one that its client reads', async () => {
    const run = async (act: 'provision' | 'reinstall', points: Points) => {
      const order = act === 'provision' ? await world.paidService() : await world.build()
      if (act === 'provision') await world.worker().follow({ kind: 'provision', serviceId: order.serviceId, cause: 'paid' })
      else await world.beginReinstall(order.serviceId)
      const died = await drain(points).then(() => false, (error: unknown) => {
        if (!(error instanceof Crash)) throw error
        return true
      })
      return { serviceId: order.serviceId, died }
    }
    // Each point takes a container of its own: more than fit on a node by themselves.
    for (const node of simulator.state.nodes) node.memory = 2 ** 50
    let deaths = 0
    for (const act of ['provision', 'reinstall'] as const) {
      const counting = livingForever()
      await run(act, counting)
      for (const dieAt of killPoints(kind, counting.names.length, { embedded: 29, postgres: 31 })) {
        const before = built().length
        const { serviceId, died } = await run(act, { ...livingForever(), dieAt })
        if (died) deaths++
        world.afterDeath()
        await world.worker().recover()
        await drain()
        const label = `${act} killed at ${dieAt} (${counting.names[dieAt]})`
        const { newest, service, resource, address } = await world.look(serviceId)
        const mine = built().filter(({ config }) => config.tags?.includes(resource?.ownershipMark ?? '-'))
        expect({ saga: newest?.status, service: service.status, resource: resource?.status, mine: mine.length, more: built().length - before, running: mine[0]?.running, filtered: filteredAddresses(simulator.state, resource?.vmid ?? 0) }, label)
          .toEqual({ saga: 'done', service: 'active', resource: 'ready', mine: 1, more: 1, running: true, filtered: [address?.address] })
        const login = await test.app.provisioning.revealCredentials({ id: serviceId, clientId: service.clientId })
        expect(mine[0]?.guest?.passwords, label).toEqual({ root: guestHash(login.password) })
      }
    }
    expect(deaths).toBeGreaterThan(2)
  }, 600_000)
})
