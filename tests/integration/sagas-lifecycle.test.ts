import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addresses, resources } from '#db/schema/index.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { sagaDefinitions } from '#server/provisioning/definitions.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { changeOf, sellLarger } from '../support/changes.ts'
import { provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'

const system: Actor = { kind: 'system', name: 'test' }

describe.each(databaseKinds())('the life of a machine on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
  })
  const billing = () => test.app.billing
  const suspend = (serviceId: string) => test.app.core.transact(stores => billing().suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))
  const resume = (serviceId: string) => test.app.core.transact(stores => billing().resumeService(stores, { serviceId, note: 'x', actor: system }))
  const end = (serviceId: string) => test.app.core.transact(stores => billing().endService(stores, { serviceId, reason: 'request', note: 'x', actor: system }))
  const client = (id: string) => ({ kind: 'user' as const, id, name: 'Sari Dewi', role: 'client' as const })
  async function follow(saga: 'provision' | 'suspend' | 'resume' | 'terminate' | 'resize', serviceId: string) {
    const worker = world.worker()
    const opening = await worker.follow({ kind: saga, serviceId, cause: 'test' })
    await world.drain(worker)
    return opening.kind
  }

  it('suspended means stopped, not started by the host and without network; paid again, it runs and only then is active', async () => {
    const { serviceId } = await world.build()
    await suspend(serviceId)
    await follow('suspend', serviceId)
    const off = await world.look(serviceId)
    expect(off.machines).toMatchObject([{ power: 'stopped', startsAtBoot: false, networkUp: false }])
    expect(off.resource?.status).toBe('stopped_by_policy')
    await resume(serviceId)
    world.hypervisor.down = true
    const worker = world.worker()
    await worker.follow({ kind: 'resume', serviceId, cause: 'test' })
    const [due = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId: due })
    expect((await world.look(serviceId)).service.status).toBe('suspended')
    world.hypervisor.down = false
    await world.drain(worker)
    const on = await world.look(serviceId)
    expect(on.machines).toMatchObject([{ power: 'running', startsAtBoot: true, networkUp: true }])
    expect(on.service.status).toBe('active')
    expect(on.resource?.status).toBe('ready')
  })

  it('a machine without filter is filtered before it is started: when it is resumed, and when its owner starts or reboots it', async () => {
    const { serviceId, clientId, address } = await world.build()
    const unfilter = async () => {
      const [machine] = (await world.look(serviceId)).machines
      if (machine) machine.filtered = null
    }
    const starts: unknown[] = []
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (moment === 'before' && (act === 'start' || act === 'reboot')) starts.push((await world.look(serviceId)).machines[0]?.filtered)
    }
    for (const action of ['stop', 'start', 'reboot'] as const) {
      await unfilter()
      await worker.act({ id: serviceId, action, actor: client(clientId) })
      await world.drain(worker)
    }
    await suspend(serviceId)
    await worker.follow({ kind: 'suspend', serviceId, cause: 'test' })
    await world.drain(worker)
    await unfilter()
    await resume(serviceId)
    await worker.follow({ kind: 'resume', serviceId, cause: 'test' })
    await world.drain(worker)
    expect(starts).toEqual([[address?.address], [address?.address], [address?.address]])
    expect((await world.look(serviceId)).service.status).toBe('active')
  })

  it('a running machine that cannot be filtered before its next boot is rebooted all the same; a stopped one is not started', async () => {
    const { serviceId, clientId } = await world.build()
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      const [machine] = (await world.look(serviceId)).machines
      if (machine && act === 'filterAddresses' && moment === 'after') machine.filtered = null
    }
    const started = world.hypervisor.count('start')
    for (const action of ['reboot', 'stop', 'start'] as const) {
      await worker.act({ id: serviceId, action, actor: client(clientId) })
      await world.drain(worker)
    }
    const { sagas, machines } = await world.look(serviceId)
    expect(sagas.slice(1).map(saga => `${saga.action} ${saga.status}`)).toEqual(['reboot done', 'stop done', 'start failed'])
    expect(machines).toMatchObject([{ power: 'stopped' }])
    expect(world.hypervisor.count('start')).toBe(started)
  })

  it('D11: a suspended machine is not started, neither by a new act nor by one that was asked for before', async () => {
    const { serviceId, clientId } = await world.build()
    const worker = world.worker()
    await worker.act({ id: serviceId, action: 'reboot', actor: client(clientId) })
    await suspend(serviceId)
    await world.drain(worker)
    expect(world.hypervisor.count('reboot')).toBe(0)
    await expect(worker.act({ id: serviceId, action: 'start', actor: client(clientId) })).rejects.toMatchObject({ code: 'service_suspended' })
    await follow('suspend', serviceId)
    await expect(worker.act({ id: serviceId, action: 'start', actor: client(clientId) })).rejects.toMatchObject({ code: 'service_suspended' })
    expect((await world.look(serviceId)).machines).toMatchObject([{ power: 'stopped' }])
  })

  it('D10: a foreign machine under our number is never stopped, changed or destroyed', async () => {
    const { serviceId, resource } = await world.build()
    const mine = world.hypervisor.machines.get(resource?.vmid ?? 0)
    if (!mine) throw new Error('no machine was built')
    // Our machine is gone, and its number was given to somebody else.
    world.hypervisor.machines.set(mine.vmid, { ...mine, mark: 'somebody-else', name: 'db-produksi' })
    await suspend(serviceId)
    await follow('suspend', serviceId)
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'suspend', status: 'failed' })
    await end(serviceId)
    await follow('terminate', serviceId)
    expect(world.hypervisor.machines.get(mine.vmid)).toMatchObject({ mark: 'somebody-else', power: 'running', startsAtBoot: true, networkUp: true })
    expect((await world.look(serviceId)).resource?.status).toBe('destroyed')
  })

  it('an ended service loses its machine and gives its address back into quarantine', async () => {
    const { serviceId } = await world.build()
    const [held] = await test.app.core.database.executor.select().from(addresses).where(eq(addresses.serviceId, serviceId))
    await end(serviceId)
    await follow('terminate', serviceId)
    const found = await world.look(serviceId)
    expect(found.machines).toEqual([])
    expect(found.resource).toMatchObject({ status: 'destroyed', initialPassword: null })
    const [released] = await test.app.core.database.executor.select().from(addresses).where(eq(addresses.id, held?.id ?? ''))
    expect(released).toMatchObject({ status: 'quarantine', serviceId: null })
  })

  it('a service that was never built is released without a call to the hypervisor', async () => {
    const { serviceId } = await world.paidService()
    await end(serviceId)
    await follow('terminate', serviceId)
    expect(await world.look(serviceId)).toMatchObject({ resource: { status: 'destroyed' }, sagas: [], address: undefined })
    expect(world.hypervisor.journal).toEqual([])
  })

  it('the end pushes a waiting build aside and cleans up what it made', async () => {
    const { serviceId } = await world.paidService()
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = (act, moment) => {
      if (act === 'configure') throw new DriverError('retryable', 'busy')
      return inner(act, moment)
    }
    await worker.follow({ kind: 'provision', serviceId, cause: 'test' })
    for (let turn = 0; turn < 20 && (await world.look(serviceId)).newest?.reason !== 'busy'; turn++) {
      const [due] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
      if (due) await worker.run({ sagaId: due })
      else world.advance(2)
    }
    expect((await world.look(serviceId)).machines).toHaveLength(1)
    await end(serviceId)
    expect(await follow('terminate', serviceId)).toBe('open')
    const found = await world.look(serviceId)
    expect(found.sagas.map(saga => `${saga.kind} ${saga.status}`)).toEqual(['provision failed', 'terminate done'])
    expect(found.machines).toEqual([])
    expect(found.service.status).toBe('ended')
  })

  it('events in any order end in what billing says now', async () => {
    const { serviceId } = await world.build()
    // The suspension is lifted before its event is worked on: the late event stops nothing.
    await suspend(serviceId)
    await resume(serviceId)
    expect(await follow('resume', serviceId)).toBe('open')
    expect(await follow('suspend', serviceId)).toBe('nothing')
    expect((await world.look(serviceId)).machines).toMatchObject([{ power: 'running' }])
    // Delivered twice, much later: nothing.
    expect(await follow('resume', serviceId)).toBe('nothing')
    expect(await follow('provision', serviceId)).toBe('nothing')
    await end(serviceId)
    expect(await follow('suspend', serviceId)).toBe('nothing')
    expect(await follow('terminate', serviceId)).toBe('open')
    expect(await follow('terminate', serviceId)).toBe('nothing')
    expect(await follow('provision', serviceId)).toBe('nothing')
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'ended' }, resource: { status: 'destroyed' }, machines: [] })
  })

  it('an event that meets another saga at work is put back, not lost', async () => {
    const { serviceId } = await world.build()
    await suspend(serviceId)
    const worker = world.worker()
    await worker.follow({ kind: 'suspend', serviceId, cause: 'test' })
    const [due = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await test.app.core.transact(stores => stores.sagas.claim(due, world.wallClock.now(), new Date(world.wallClock.now().getTime() + 60_000)))
    await end(serviceId)
    const before = await world.billing.jobs('billing.service-ended', 'serviceId', serviceId)
    expect((await worker.follow({ kind: 'terminate', serviceId, cause: 'request' })).kind).toBe('later')
    expect(await world.billing.jobs('billing.service-ended', 'serviceId', serviceId)).toBe(before + 1)
    world.afterDeath()
    await follow('terminate', serviceId)
    expect((await world.look(serviceId)).machines).toEqual([])
  })

  it('paid services, suspensions and ends whose events were lost are found by recovery', async () => {
    const order = await world.paidService()
    const worker = world.worker()
    await worker.recover()
    await world.drain(worker)
    expect((await world.look(order.serviceId)).service.status).toBe('active')
    await suspend(order.serviceId)
    await worker.recover()
    await world.drain(worker)
    expect((await world.look(order.serviceId)).resource?.status).toBe('stopped_by_policy')
    await end(order.serviceId)
    await worker.recover()
    await world.drain(worker)
    expect((await world.look(order.serviceId)).resource?.status).toBe('destroyed')
  })

  it.each(['shutdown', 'stop', 'reboot'] as const)('%s is carried out once and its result read back', async (action) => {
    const { serviceId, clientId } = await world.build()
    const worker = world.worker()
    await worker.act({ id: serviceId, action, actor: client(clientId) })
    await expect(worker.act({ id: serviceId, action, actor: client(clientId) })).rejects.toMatchObject({ code: 'action_in_progress' })
    await world.drain(worker)
    expect(world.hypervisor.count(action)).toBe(1)
    const found = await world.look(serviceId)
    expect(found.newest).toMatchObject({ kind: 'power', action, status: 'done' })
    expect(found.resource?.power).toBe(action === 'reboot' ? 'running' : 'stopped')
  })

  it('another client can neither see nor touch a service, and hears the same as for none', async () => {
    const { serviceId } = await world.build()
    const stranger = await world.billing.client('Budi')
    await expect(world.worker().act({ id: serviceId, action: 'stop', actor: client(stranger) })).rejects.toMatchObject({ code: 'not_found' })
    await expect(test.app.provisioning.showService({ id: serviceId, clientId: stranger, locale: 'id' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(test.app.provisioning.revealCredentials({ id: serviceId, clientId: stranger })).rejects.toMatchObject({ code: 'not_found' })
    expect((await test.app.provisioning.listServices({ clientId: stranger, page: 1, pageSize: 20 })).items).toEqual([])
  })

  it('the initial password is shown once, to one of many who ask at the same time, and is the machine\'s', async () => {
    const { serviceId, clientId, machines } = await world.build()
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => test.app.provisioning.revealCredentials({ id: serviceId, clientId })))
    const shown = asked.flatMap(result => result.status === 'fulfilled' ? [result.value] : [])
    expect(shown).toEqual([{ username: 'debian', password: machines[0]?.password }])
    expect(asked.filter(result => result.status === 'rejected').every(result => (result.reason as { code: string }).code === 'credentials_already_shown')).toBe(true)
    const [row] = await test.app.core.database.executor.select().from(resources).where(eq(resources.serviceId, serviceId))
    expect(row?.initialPassword).toBeNull()
  })

  it.each(sagaDefinitions.resize.steps.map(step => step.name))('a resize fails for good at %s: the change stays open and says why, and a retry ends with the machine that was sold', async (name) => {
    const { serviceId } = await world.build()
    await sellLarger(test.app, serviceId)
    const step = sagaDefinitions.resize.steps.find(candidate => candidate.name === name)
    if (!step) throw new Error('no such step')
    const { run } = step
    step.run = () => Promise.reject(new DriverError('permanent', `broken at ${name}`))
    try {
      await follow('resize', serviceId)
    } finally {
      step.run = run
    }
    expect(await world.look(serviceId)).toMatchObject({ service: { status: 'active' }, resource: { status: 'error', problem: `broken at ${name}` }, newest: { status: 'failed' } })
    expect(await changeOf(test.app, serviceId)).toBe('applied')
    const worker = world.worker()
    await worker.recover()
    expect((await world.look(serviceId)).sagas).toHaveLength(2)
    await worker.retry(serviceId)
    await world.drain(worker)
    expect(await world.look(serviceId)).toMatchObject({ resource: { status: 'ready', problem: null }, machines: [{ power: 'running', cores: 4, ramMiB: 8192, diskGiB: 80 }] })
    expect(await changeOf(test.app, serviceId)).toBe('done')
  })

  it('a resize goes on through a failure before and a lost answer after every remote act', async () => {
    const { serviceId } = await world.build()
    await sellLarger(test.app, serviceId)
    const worker = world.worker()
    const failed = new Set<string>()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      const point = `${moment} ${act}`
      if (failed.has(point)) return
      failed.add(point)
      throw new DriverError(moment === 'before' ? 'retryable' : 'unknown_outcome', point)
    }
    await worker.follow({ kind: 'resize', serviceId, cause: 'test' })
    await world.drain(worker)
    expect([...failed]).toEqual(expect.arrayContaining(['after growDisk', 'after shutdown', 'after resize', 'after start', 'after filterAddresses']))
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'done' }, resource: { status: 'ready' }, machines: [{ power: 'running', cores: 4, diskGiB: 80 }] })
  })

  it('a machine that its owner had stopped is larger and still stopped; one that needs only a larger disk is never stopped', async () => {
    const one = await world.build()
    const worker = world.worker()
    await worker.act({ id: one.serviceId, action: 'stop', actor: client(one.clientId) })
    await world.drain(worker)
    const started = world.hypervisor.count('start')
    await sellLarger(test.app, one.serviceId)
    await follow('resize', one.serviceId)
    expect(await world.look(one.serviceId)).toMatchObject({ newest: { status: 'done' }, machines: [{ power: 'stopped', cores: 4, diskGiB: 80 }] })
    expect(world.hypervisor.count('start')).toBe(started)
    const two = await world.build()
    const [machine] = two.machines
    Object.assign(machine ?? {}, { cores: 4, ramMiB: 8192, rateMbps: 200 })
    const stops = world.hypervisor.count('shutdown')
    await sellLarger(test.app, two.serviceId)
    await follow('resize', two.serviceId)
    expect(await world.look(two.serviceId)).toMatchObject({ newest: { status: 'done' }, machines: [{ power: 'running', diskGiB: 80 }] })
    expect(world.hypervisor.count('shutdown')).toBe(stops)
  })

  it('a suspension pushes a waiting resize aside; when the service runs again, recovery begins it anew', async () => {
    const { serviceId } = await world.build()
    await sellLarger(test.app, serviceId)
    const worker = world.worker()
    const inner = world.hypervisor.hook
    world.hypervisor.hook = (act, moment) => {
      if (act === 'growDisk') throw new DriverError('retryable', 'busy')
      return inner(act, moment)
    }
    await worker.follow({ kind: 'resize', serviceId, cause: 'test' })
    const [due = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await worker.run({ sagaId: due })
    world.hypervisor.hook = inner
    await suspend(serviceId)
    expect(await follow('suspend', serviceId)).toBe('open')
    expect(await world.look(serviceId)).toMatchObject({ resource: { status: 'stopped_by_policy' }, machines: [{ power: 'stopped', cores: 1 }] })
    expect(await follow('resize', serviceId)).toBe('nothing')
    await resume(serviceId)
    await follow('resume', serviceId)
    const successor = world.worker()
    await successor.recover()
    await world.drain(successor)
    expect(await world.look(serviceId)).toMatchObject({ newest: { kind: 'resize', status: 'done' }, machines: [{ power: 'running', cores: 4, diskGiB: 80 }] })
    expect(await changeOf(test.app, serviceId)).toBe('done')
  })

  it.each(sagaDefinitions.provision.steps.map(step => step.name))('the build fails for good at %s: never active, and a retry ends with exactly one machine', async (name) => {
    const order = await world.paidService()
    const step = sagaDefinitions.provision.steps.find(candidate => candidate.name === name)
    if (!step) throw new Error('no such step')
    const { run } = step
    step.run = () => Promise.reject(new DriverError('permanent', `broken at ${name}`))
    try {
      await follow('provision', order.serviceId)
    } finally {
      step.run = run
    }
    expect(await world.look(order.serviceId)).toMatchObject({ service: { status: 'pending' }, resource: { status: 'error', problem: `broken at ${name}` }, newest: { status: 'failed' } })
    const worker = world.worker()
    await worker.retry(order.serviceId)
    await world.drain(worker)
    const built = await world.look(order.serviceId)
    expect(built.service.status).toBe('active')
    expect(built.machines).toHaveLength(1)
    expect(world.hypervisor.machines.size).toBe(1)
  })
})
