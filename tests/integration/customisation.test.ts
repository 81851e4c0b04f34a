import { and, eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { auditLog, sagas, templates } from '#db/schema/index.ts'
import { createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { reinstall } from '#server/provisioning/reinstall.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { driversOf, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'
import { vsphereWorld } from '../support/vcsim.ts'
import type { VsphereWorld } from '../support/vcsim.ts'

const actor: Actor = { kind: 'system', name: 'test' }

describe.each(databaseKinds())('guests set up by VMware Tools, on %s', (kind) => {
  let test: TestApp
  let vsphere: VsphereWorld
  let world: ProvisioningWorld
  let drivers: ReturnType<typeof hypervisorPool>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    vsphere = await vsphereWorld('vcenter')
    const { core } = test.app
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf('vcenter', access => createVcenterDriver({ ...access, tls: { mode: 'system', caPem: null, fingerprint: null } }, { totalMilliseconds: 5_000 })) })
    world = await provisioningWorld(test, {
      kind: 'vcenter', url: vsphere.proxy.url, fingerprint: null, token: { id: vsphere.simulator.username, secret: vsphere.simulator.password }, node: vsphere.node, storage: 'LocalDS_0', bridge: 'VM Network', template: { ref: vsphere.template.ref }, open: drivers.open,
      capacity: async () => [{ connectionId: world.connectionId, node: vsphere.node }],
      roomOnNodes: async () => [],
    })
  })
  afterEach(async () => {
    drivers.closeAll()
    await vsphere.close()
  })
  const choose = (identity: 'linux_prep' | 'cloud_init') => test.app.infrastructure.setTemplateIdentity({ id: world.templateId, identity, actor })

  it('what staff chose for a template is audited once, survives a synchronisation, and its machine is built by it and made anew by it', async () => {
    await choose('linux_prep')
    await choose('linux_prep')
    expect(await test.app.core.database.executor.select().from(auditLog).where(eq(auditLog.action, 'template.identity'))).toHaveLength(1)
    await test.app.core.transact(stores => stores.remoteTemplates.save(world.connectionId, [{ node: vsphere.node, ref: vsphere.template.ref, name: 'debian-13', osFamily: 'debian', username: 'debian', diskGiB: 5, nodes: [], machineType: 'vm' }], test.clock.now()))
    expect((await test.app.core.database.executor.select().from(templates).where(eq(templates.id, world.templateId)))[0]?.identity).toBe('linux_prep')
    const { serviceId, service, address } = await world.build()
    expect(service.status).toBe('active')
    // Whatever the template says later: this guest takes on no other name from outside, so none is offered and none is refused half way.
    await choose('cloud_init')
    const by = { id: serviceId, clientId: service.clientId }
    expect(await test.app.provisioning.showAccess(by)).toMatchObject({ can: { rename: false }, customised: true })
    await expect(test.app.provisioning.actOnAccess({ ...by, act: { action: 'hostname', hostname: 'lain.contoh.test', restart: false }, actor })).rejects.toMatchObject({ code: 'rename_customised' })
    await choose('linux_prep')
    await world.beginReinstall(serviceId)
    await world.drain(world.worker())
    const { resource, newest } = await world.look(serviceId)
    expect(newest).toMatchObject({ kind: 'reinstall', status: 'done' })
    expect((await vsphere.machineOf(resource?.vmid ?? 0))?.props).toMatchObject({ 'guest.ipAddress': address?.address, 'config.tools.pendingCustomization': '' })
    expect(vsphere.proxy.journal.filter(call => call === 'CustomizeVM_Task')).toHaveLength(2)
  })

  it('a guest that cloud-init set up is offered another name also where its template has the choice of VMware Tools since', async () => {
    const { serviceId, service } = await world.build()
    await choose('linux_prep')
    expect(await test.app.provisioning.showAccess({ id: serviceId, clientId: service.clientId })).toMatchObject({ can: { rename: true }, customised: false })
  })

  it('where the system takes no SSH keys it is said where they are asked for, and none is kept as if it were there', async () => {
    const { serviceId, service } = await world.build()
    const db = test.app.core.database.executor
    const by = { id: serviceId, clientId: service.clientId }
    expect((await test.app.provisioning.showReinstall(by)).templates).toMatchObject([{ takesKeys: true }])
    expect(await test.app.provisioning.showService({ ...by, locale: 'id' })).toMatchObject({ takesKeys: true })
    await db.update(templates).set({ identity: 'sysprep' }).where(eq(templates.id, world.templateId))
    expect((await test.app.provisioning.showReinstall(by)).templates).toMatchObject([{ takesKeys: false }])
    expect(await test.app.provisioning.showService({ ...by, locale: 'id' })).toMatchObject({ takesKeys: false })
    const { core } = test.app
    await reinstall({ read: core.read, transact: core.transact, openHypervisor: drivers.open, newId: uuidv7 })({ ...by, templateId: world.templateId, hostname: service.hostname, sshKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExam sari', actor })
    const [saga] = await db.select().from(sagas).where(and(eq(sagas.serviceId, serviceId), eq(sagas.kind, 'reinstall')))
    expect(saga?.state).toMatchObject({ memory: { reinstall: { sshKey: null } } })
  })

  it('a guest that was not customised stops the build with the vCenter\'s words, and its machine is kept', async () => {
    await choose('linux_prep')
    vsphere.proxy.muteGuests = true
    const { serviceId } = await world.paidService()
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId, cause: 'paid' })
    await expect(world.drain(worker, 12)).rejects.toThrow('do not come to an end')
    const machine = await vsphere.machineOf((await world.look(serviceId)).resource?.vmid ?? 0)
    if (!machine) throw new Error('no machine')
    await vsphere.customisationEnded(machine.obj, 'CustomizationFailed')
    await world.drain(worker)
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'pending' }, newest: { status: 'failed' } })
    const [saga] = await test.app.core.read.servicePages.history(serviceId, 1)
    expect(saga?.reason).toContain('was not customised')
    expect(await vsphere.numbered()).toHaveLength(1)
  })
})
