import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { changeOf, sellLarger } from '../support/changes.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const actor = { kind: 'system', name: 'test' } as const
type Kind = 'provision' | 'suspend' | 'resume' | 'terminate' | 'resize'

describe.each(databaseKinds())('killed workers on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
  })

  /** A service that stands just before the saga of this kind. */
  async function readyFor(saga: Kind): Promise<string> {
    if (saga === 'provision') return (await world.paidService()).serviceId
    const { serviceId } = await world.build()
    const { transact } = test.app.core
    if (saga === 'resize') {
      await sellLarger(test.app, serviceId)
      return serviceId
    }
    if (saga === 'terminate') await transact(stores => test.app.billing.endService(stores, { serviceId, reason: 'request', note: 'x', actor }))
    else await transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor }))
    if (saga !== 'resume') return serviceId
    const worker = world.worker()
    await worker.follow({ kind: 'suspend', serviceId, cause: 'x' })
    await world.drain(worker)
    await transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'x', actor }))
    return serviceId
  }

  async function work(saga: Kind, serviceId: string, points: Points): Promise<boolean> {
    const worker = world.worker(points)
    try {
      await worker.follow({ kind: saga, serviceId, cause: 'test' })
      await world.drain(worker)
      return true
    } catch (error) {
      if (error instanceof Crash) return false
      throw error
    }
  }

  const expected: Record<Kind, { service: string, resource: string, machines: number }> = {
    provision: { service: 'active', resource: 'ready', machines: 1 }, suspend: { service: 'suspended', resource: 'stopped_by_policy', machines: 1 },
    resume: { service: 'active', resource: 'ready', machines: 1 }, resize: { service: 'active', resource: 'ready', machines: 1 }, terminate: { service: 'ended', resource: 'destroyed', machines: 0 },
  }

  it.each(Object.keys(expected) as Kind[])('%s: killed before or after a transaction or remote call, another worker ends it, with nothing doubled', async (saga) => {
    const counting = livingForever()
    expect(await work(saga, await readyFor(saga), counting)).toBe(true)
    expect(counting.names.length).toBeGreaterThan(15)
    let deaths = 0
    let tried = 0
    for (const dieAt of killPoints(kind, counting.names.length)) {
      tried++
      const serviceId = await readyFor(saga)
      const before = world.hypervisor.machines.size
      if (!await work(saga, serviceId, { ...livingForever(), dieAt })) deaths++
      world.afterDeath()
      const successor = world.worker()
      // The job of the event is run again, and recovery looks for what the dead worker left.
      await successor.follow({ kind: saga, serviceId, cause: 'again' })
      await successor.recover()
      await world.drain(successor)
      const found = await world.look(serviceId)
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      expect({ service: found.service.status, resource: found.resource?.status, machines: found.machines.length, filtered: found.machines.every(machine => machine.filtered?.join() === found.address?.address) }, label).toEqual({ ...expected[saga], filtered: true })
      expect(world.hypervisor.machines.size - before, label).toBe(saga === 'provision' ? 1 : saga === 'terminate' ? -1 : 0)
      expect(found.sagas.filter(row => row.kind === saga), label).toHaveLength(1)
      expect(found.newest?.status, label).toBe('done')
      if (saga === 'resize') expect({ ...found.machines[0], change: await changeOf(test.app, serviceId) }, label).toMatchObject({ power: 'running', cores: 4, ramMiB: 8192, diskGiB: 80, rateMbps: 200, change: 'done' })
    }
    expect(deaths).toBeGreaterThan(tried / 2)
  }, 300_000)

  it('a worker that lost its lease writes nothing more', async () => {
    const serviceId = await readyFor('provision')
    const slow = world.worker()
    await slow.follow({ kind: 'provision', serviceId, cause: 'test' })
    const [sagaId = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    let overtaken = false
    const inner = world.hypervisor.hook
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act !== 'configure' || moment !== 'after' || overtaken) return
      overtaken = true
      // The slow worker hangs in its remote call until the lease is over and another worker has ended the saga.
      world.afterDeath()
      await world.drain(world.worker())
      world.hypervisor.hook = inner
    }
    await slow.run({ sagaId })
    const found = await world.look(serviceId)
    expect(overtaken).toBe(true)
    expect(found.newest).toMatchObject({ status: 'done', fence: 2 })
    expect(found.machines).toHaveLength(1)
    expect(found.service.status).toBe('active')
  })

  it('a saga that another worker holds is left alone', async () => {
    const serviceId = await readyFor('provision')
    const worker = world.worker()
    await worker.follow({ kind: 'provision', serviceId, cause: 'test' })
    const [sagaId = ''] = await test.app.core.read.sagas.listDue(world.wallClock.now(), 1)
    await test.app.core.transact(stores => stores.sagas.claim(sagaId, world.wallClock.now(), new Date(world.wallClock.now().getTime() + 60_000)))
    await worker.run({ sagaId })
    expect(world.hypervisor.journal).toEqual([])
    world.afterDeath()
    await world.drain(worker)
    expect((await world.look(serviceId)).service.status).toBe('active')
  })
})
