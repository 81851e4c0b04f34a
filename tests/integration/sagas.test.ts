import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DriverError } from '#shared/errors/driver-error.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { outOfStock, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'

describe.each(databaseKinds())('sagas on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
  })
  const provision = (serviceId: string) => ({ kind: 'provision' as const, serviceId, cause: 'paid' })

  it('a paid service becomes active only with a machine that was read back', async () => {
    const built = await world.build()
    expect(built.service.status).toBe('active')
    expect(built.resource).toMatchObject({ status: 'ready', power: 'running', username: 'debian', problem: null })
    expect(built.machines).toMatchObject([{ power: 'running', cores: 1, ramMiB: 1024, diskGiB: 20, rateMbps: 100, startsAtBoot: true, filtered: [built.address?.address] }])
    expect(built.address?.status).toBe('assigned')
    expect(built.newest).toMatchObject({ kind: 'provision', status: 'done' })
    expect(await world.billing.mails('service_ready', built.clientId)).toHaveLength(1)
    expect((await world.billing.orderRow(built.orderId)).status).toBe('fulfilled')
    const history = await test.app.core.read.servicePages.history(built.serviceId, 1)
    expect(history[0]?.steps.map(step => `${step.name} ${step.status}`)).toEqual(['place done', 'reserve done', 'clone done', 'configure done', 'grow_disk done', 'filter done', 'start done', 'verify done', 'activate done'])
  })

  it.each([['nothing', null], ['another address', ['203.0.113.250']], ['one more address', ['10.0.0.1', '203.0.113.250']]])('a machine whose filter reads back as %s is never started', async (_, reads) => {
    const order = await world.paidService()
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act === 'filterAddresses' && moment === 'after') for (const machine of world.hypervisor.machines.values()) machine.filtered = reads
    }
    await worker.follow(provision(order.serviceId))
    await world.drain(worker)
    const failed = await world.look(order.serviceId)
    expect(failed).toMatchObject({ service: { status: 'pending' }, resource: { status: 'error' }, newest: { status: 'failed', reason: expect.stringMatching(/filter/) as string } })
    expect(world.hypervisor.count('start')).toBe(0)
    world.hypervisor.hook = inner
    await worker.retry(order.serviceId)
    await world.drain(worker)
    expect(await world.look(order.serviceId)).toMatchObject({ service: { status: 'active' }, machines: [{ filtered: [failed.address?.address] }] })
  })

  it('D3: two events of one payment at the same time build one machine', async () => {
    const order = await world.paidService()
    const worker = world.worker()
    await Promise.all([worker.follow(provision(order.serviceId)), worker.follow(provision(order.serviceId)), worker.follow(provision(order.serviceId))])
    await world.drain(worker)
    await worker.follow(provision(order.serviceId))
    const { sagas, machines } = await world.look(order.serviceId)
    expect(sagas).toHaveLength(1)
    expect(machines).toHaveLength(1)
  })

  it('D7: a service whose build fails is not active, says why, and can be retried by staff', async () => {
    const order = await world.paidService()
    world.hypervisor.templates.clear()
    const worker = world.worker()
    await worker.follow(provision(order.serviceId))
    await world.drain(worker)
    const failed = await world.look(order.serviceId)
    expect(failed.service.status).toBe('pending')
    expect(failed.resource).toMatchObject({ status: 'error', problem: expect.stringContaining('template 9000') as string })
    expect(failed.newest).toMatchObject({ status: 'failed', reason: expect.stringContaining('template 9000') as string })
    world.hypervisor.templates.add('9000')
    await worker.retry(order.serviceId)
    await world.drain(worker)
    const built = await world.look(order.serviceId)
    expect(built.service.status).toBe('active')
    expect(built.machines).toHaveLength(1)
    expect(built.sagas).toHaveLength(1)
  })

  it('a full storage fails the clone: nothing is left behind, and the next try may go elsewhere', async () => {
    const order = await world.paidService()
    world.hypervisor.cloneTaskFails = 'clone failed: no space left on device'
    const worker = world.worker()
    await worker.follow(provision(order.serviceId))
    const [due] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId: due ?? '' })
    expect((await world.look(order.serviceId)).newest).toMatchObject({ status: 'waiting', reason: expect.stringContaining('no space') as string })
    world.hypervisor.cloneTaskFails = null
    await world.drain(worker)
    const built = await world.look(order.serviceId)
    expect(built.service.status).toBe('active')
    expect(built.machines).toHaveLength(1)
    expect(world.hypervisor.count('destroy')).toBe(1)
  })

  it('no IP left: it waits with the reason, never active, and goes on when there is one', async () => {
    const order = await world.paidService({ address: false })
    const worker = world.worker()
    await worker.follow(provision(order.serviceId))
    const [due] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId: due ?? '' })
    expect((await world.look(order.serviceId)).newest).toMatchObject({ status: 'waiting', reason: expect.stringContaining('address') as string })
    expect(world.hypervisor.machines.size).toBe(0)
    await world.addAddress(null)
    await world.drain(worker)
    expect((await world.look(order.serviceId)).service.status).toBe('active')
  })

  it('no room on any node: tried with growing delays, then failed for staff, never active', async () => {
    const order = await world.paidService()
    world.setCapacity(outOfStock)
    const worker = world.worker()
    await worker.follow(provision(order.serviceId))
    await world.drain(worker)
    const failed = await world.look(order.serviceId)
    expect(failed.newest).toMatchObject({ status: 'failed', attempt: 16 })
    expect(failed.service.status).toBe('pending')
    expect(world.hypervisor.machines.size).toBe(0)
  })

  it('Proxmox is down: the build waits and recovers by itself', async () => {
    const order = await world.paidService()
    world.hypervisor.down = true
    const worker = world.worker()
    await worker.follow(provision(order.serviceId))
    const [due] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId: due ?? '' })
    expect((await world.look(order.serviceId)).newest).toMatchObject({ status: 'waiting', attempt: 1, reason: 'connection refused' })
    world.hypervisor.down = false
    await world.drain(worker)
    expect((await world.look(order.serviceId)).service.status).toBe('active')
  })

  it('the answer of the clone is lost after the act: exactly one machine', async () => {
    const order = await world.paidService()
    let lost = false
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = (act, moment) => {
      if (act === 'clone' && moment === 'after' && !lost) {
        lost = true
        throw new DriverError('unknown_outcome', 'time-out after sending')
      }
      return inner(act, moment)
    }
    await worker.follow(provision(order.serviceId))
    world.hypervisor.looks = 0
    await world.drain(worker)
    const built = await world.look(order.serviceId)
    expect(lost).toBe(true)
    expect(built.machines).toHaveLength(1)
    expect(world.hypervisor.machines.size).toBe(1)
    expect(built.service.status).toBe('active')
  })

  it('the clone was never received though its answer was lost: it is sent again under the same number', async () => {
    const order = await world.paidService()
    let lost = 0
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = (act, moment) => {
      if (act === 'clone' && moment === 'before' && lost++ === 0) throw new DriverError('unknown_outcome', 'connection reset')
      return inner(act, moment)
    }
    await worker.follow(provision(order.serviceId))
    await world.drain(worker)
    const built = await world.look(order.serviceId)
    expect(built.machines).toHaveLength(1)
    expect(built.resource?.vmid).toBe(100)
  })

  it('two builds at once choose two numbers, also when a stranger takes one of them', async () => {
    const [one, two] = [await world.paidService(), await world.paidService()]
    const worker = world.worker()
    await worker.follow(provision(one.serviceId))
    await worker.follow(provision(two.serviceId))
    let stolen = false
    const inner = world.hypervisor.hook
    world.hypervisor.hook = (act, moment) => {
      if (act === 'clone' && moment === 'before' && !stolen) {
        stolen = true
        world.hypervisor.machines.set(100, { vmid: 100, node: 'jkt1', mark: 'somebody-else', name: 'db-produksi', power: 'running', lock: null, cores: 8, ramMiB: 65_536, diskGiB: 500, rateMbps: null, ipv4: '10.9.9.9', startsAtBoot: true, networkUp: true, password: null, bootedAt: 0, filtered: null })
      }
      return inner(act, moment)
    }
    await world.drain(worker)
    const all = [await world.look(one.serviceId), await world.look(two.serviceId)]
    expect(all.map(found => found.service.status)).toEqual(['active', 'active'])
    expect(new Set([100, ...all.map(found => found.resource?.vmid)]).size).toBe(3)
    expect(world.hypervisor.machines.get(100)).toMatchObject({ mark: 'somebody-else', power: 'running' })
  })
})
