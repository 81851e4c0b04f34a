import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEsxiDriver, createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { moveMachine } from '#server/provisioning/move.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { driversOf, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'
import { cardOf, diskOf, vsphereWorld } from '../support/vcsim.ts'
import type { VsphereMode, VsphereWorld } from '../support/vcsim.ts'

const system: Actor = { kind: 'system', name: 'test' }
const modes: readonly VsphereMode[] = ['vcenter', 'esxi']

describe.each(databaseKinds().flatMap(kind => modes.map(mode => [mode, kind] as const)))('services on VMware (%s), over its wire, on %s', (mode, kind) => {
  let test: TestApp
  let vsphere: VsphereWorld
  let world: ProvisioningWorld
  let drivers: ReturnType<typeof hypervisorPool>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    vsphere = await vsphereWorld(mode)
    const { core } = test.app
    const create = mode === 'vcenter' ? createVcenterDriver : createEsxiDriver
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf(mode, access => create({ ...access, tls: { mode: 'system', caPem: null, fingerprint: null } }, { totalMilliseconds: 5_000 })) })
    world = await provisioningWorld(test, {
      kind: mode, url: vsphere.proxy.url, fingerprint: null, token: { id: vsphere.simulator.username, secret: vsphere.simulator.password }, node: vsphere.node, storage: 'LocalDS_0', bridge: 'VM Network', template: { ref: vsphere.template.ref }, open: drivers.open,
      capacity: async () => [{ connectionId: world.connectionId, node: vsphere.node }],
      roomOnNodes: async () => [vsphere.node, vsphere.otherNode].map(node => ({ node, memoryTotal: 2 ** 37, memoryFree: 2 ** 36, storageFree: 2 ** 40, cpuCores: 16, diskGiB: 0, takesDisks: true, fits: true })),
    })
  })
  afterEach(async () => {
    drivers.closeAll()
    await vsphere.close()
  })

  const suspend = (serviceId: string) => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const resume = (serviceId: string) => test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor: system }))
  const end = (serviceId: string) => test.app.core.transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
  async function follow(saga: 'suspend' | 'resume' | 'terminate', serviceId: string) {
    const worker = world.worker()
    await worker.follow({ kind: saga, serviceId, cause: 'test' })
    await world.drain(worker)
  }
  const sent = (call: string) => vsphere.proxy.journal.filter(name => name === call).length
  const creation = mode === 'vcenter' ? 'CloneVM_Task' : 'CreateVM_Task'

  if (mode === 'vcenter') it('moved to another host while it runs, the answer lost: the machine is there with its number, and moved once', async () => {
    const { serviceId, resource } = await world.build()
    const to = vsphere.otherNode
    await moveMachine({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: drivers.open, roomOnNodes: world.roomOnNodes })({ id: serviceId, node: to, live: true, reason: 'uji', actor: system })
    vsphere.proxy.lose = /^RelocateVM_Task$/
    await world.drain(world.worker())
    expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'move', status: 'done' }, resource: { status: 'ready', node: to, vmid: resource?.vmid, power: 'running' } })
    expect(await vsphere.numbered()).toHaveLength(1)
    expect(sent('RelocateVM_Task')).toBe(1)
  })
  it('a paid service is built as ordered, suspended so that it stays off, resumed, and gone when it ends', async () => {
    const { serviceId, resource, service, address } = await world.build()
    expect(service.status).toBe('active')
    expect(resource).toMatchObject({ status: 'ready', power: 'running', problem: null, node: vsphere.node })
    expect(await vsphere.numbered()).toHaveLength(1)
    const built = await vsphere.machineOf(resource?.vmid ?? 0)
    expect(built?.props).toMatchObject({ 'runtime.powerState': 'poweredOn', 'config.instanceUuid': resource?.ownershipMark, 'config.hardware.numCPU': 1, 'config.hardware.memoryMB': 1024, 'guest.ipAddress': address?.address })
    expect(diskOf(built)).toBe(20)
    expect(cardOf(built).linkDown).toBe(false)
    // The login was for the first boot alone.
    expect(vsphere.decoded(built, 'guestinfo.userdata')).toBeNull()
    expect(vsphere.decoded(built, 'guestinfo.metadata')).toContain(`${address?.address}/24`)

    await suspend(serviceId)
    await follow('suspend', serviceId)
    expect((await world.look(serviceId)).resource?.status).toBe('stopped_by_policy')
    const suspended = await vsphere.machineOf(resource?.vmid ?? 0)
    expect(suspended?.props['runtime.powerState']).toBe('poweredOff')
    expect(cardOf(suspended).linkDown).toBe(true)

    await resume(serviceId)
    await follow('resume', serviceId)
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready' } })
    const resumed = await vsphere.machineOf(resource?.vmid ?? 0)
    expect(resumed?.props['runtime.powerState']).toBe('poweredOn')
    expect(cardOf(resumed)).toEqual({ ...cardOf(built), linkDown: false })

    await end(serviceId)
    await follow('terminate', serviceId)
    expect(await vsphere.numbered()).toEqual([])
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'ended' }, resource: { status: 'destroyed' }, address: undefined })
  })

  it('what this hypervisor cannot do is left out by name, and the service is active all the same', async () => {
    const { serviceId } = await world.build()
    const [saga] = await test.app.core.read.servicePages.history(serviceId, 1)
    expect(saga?.steps.find(step => step.name === 'filter')).toMatchObject({ status: 'skipped', detail: 'no_address_filter' })
  })

  it(`the answer of ${creation} is lost after the act: exactly one machine`, async () => {
    vsphere.proxy.lose = new RegExp(`^${creation}$`)
    const { service } = await world.build()
    expect(vsphere.proxy.lose).toBeNull()
    expect(service.status).toBe('active')
    expect(await vsphere.numbered()).toHaveLength(1)
    expect(sent(creation)).toBe(1)
  })

  it.each([[creation], ['Destroy_Task']])('made anew, the answer of %s lost: the old machine is gone, the new one has its number and a mark of its own, created once', async (lost) => {
    const { serviceId, resource: before, address } = await world.build()
    const created = sent(creation)
    await world.beginReinstall(serviceId)
    vsphere.proxy.lose = new RegExp(`^${lost}$`)
    await world.drain(world.worker())
    expect(vsphere.proxy.lose).toBeNull()
    const { resource, newest, service } = await world.look(serviceId)
    expect({ saga: newest?.status, service: service.status, resource: resource?.status, vmid: resource?.vmid }).toEqual({ saga: 'done', service: 'active', resource: 'ready', vmid: before?.vmid })
    expect(await vsphere.numbered()).toHaveLength(1)
    expect(sent(creation) - created).toBe(1)
    const made = await vsphere.machineOf(resource?.vmid ?? 0)
    expect(made?.props).toMatchObject({ 'runtime.powerState': 'poweredOn', 'config.instanceUuid': resource?.ownershipMark, 'guest.ipAddress': address?.address })
    expect(resource?.ownershipMark).not.toBe(before?.ownershipMark)
    expect(vsphere.decoded(made, 'guestinfo.userdata')).toBeNull()
  })

  it('made anew while it was suspended: it keeps what its first boot needs until the resume has seen it run, then no more', async () => {
    const { serviceId } = await world.build()
    await world.beginReinstall(serviceId)
    await suspend(serviceId)
    await world.drain(world.worker())
    const { resource } = await world.look(serviceId)
    expect(resource).toMatchObject({ status: 'ready', firstBoot: true })
    const waiting = await vsphere.machineOf(resource?.vmid ?? 0)
    expect(waiting?.props['runtime.powerState']).toBe('poweredOff')
    expect(vsphere.decoded(waiting, 'guestinfo.userdata')).not.toBeNull()
    await follow('suspend', serviceId)
    await resume(serviceId)
    await follow('resume', serviceId)
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'ready', firstBoot: false } })
    expect(vsphere.decoded(await vsphere.machineOf(resource?.vmid ?? 0), 'guestinfo.userdata')).toBeNull()
  })

  it('a guest that does not tell its address is waited for: not active until it does, then active', async () => {
    vsphere.proxy.muteGuests = true
    const order = await world.paidService()
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId: order.serviceId, cause: 'paid' })
    await expect(world.drain(worker, 12)).rejects.toThrow('do not come to an end')
    expect(await world.look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, resource: { status: 'provisioning' }, newest: { status: 'waiting' } })
    const [saga] = await test.app.core.read.servicePages.history(order.serviceId, 1)
    expect(saga?.steps.find(step => step.name === 'verify')?.detail).toBe('waiting_for_address')
    vsphere.proxy.muteGuests = false
    await world.drain(worker)
    expect((await world.look(order.serviceId)).service.status).toBe('active')
    expect(await vsphere.numbered()).toHaveLength(1)
  })

  it('D10: a machine that lost our mark is neither stopped nor destroyed', async () => {
    const { serviceId, resource } = await world.build()
    const found = await vsphere.machineOf(resource?.vmid ?? 0)
    await vsphere.foreignise(found)
    await suspend(serviceId)
    await follow('suspend', serviceId)
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'suspend', status: 'failed' })
    expect((await vsphere.machineOf(resource?.vmid ?? 0))?.props['runtime.powerState']).toBe('poweredOn')
  })
})
