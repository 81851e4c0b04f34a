import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { products, services } from '#db/schema/index.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { showMetrics } from '#server/provisioning/show-metrics.ts'
import { actOnSnapshot, showSnapshots } from '#server/provisioning/snapshots.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const system = { kind: 'system', name: 'test' } as const
const codeOf = (work: Promise<unknown>) => work.then(() => 'no failure', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('snapshots on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let clientId: string
  let client: Extract<Actor, { kind: 'user' }>
  let names = 0
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    world = await provisioningWorld(test)
    await reborn()
  })
  async function reborn() {
    const built = await world.build()
    serviceId = built.serviceId
    clientId = built.service.clientId
    client = { kind: 'user', id: clientId, role: 'client' } as typeof client
  }
  const db = () => test.app.core.database.executor
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, openHypervisor: async () => world.hypervisor.driver(), random: () => (++names).toString(16).padStart(12, '0') })
  const ask = (act: Parameters<ReturnType<typeof actOnSnapshot>>[0]['act'], by = clientId) => actOnSnapshot(deps())({ id: serviceId, clientId: by, act, actor: client })
  const hostname = async () => (await world.look(serviceId)).service.hostname
  const machine = async () => {
    const [found] = (await world.look(serviceId)).machines
    if (!found) throw new Error('no machine')
    return found
  }
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const take = async (title = 'Sebelum') => {
    await ask({ action: 'create', title })
    await drain()
    return (await machine()).snapshots?.at(-1)?.name ?? ''
  }
  const restore = async (name: string) => ask({ action: 'rollback', name, hostname: await hostname() })
  const shown = () => showSnapshots(deps())({ id: serviceId, clientId })
  const suspend = () => test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'other', note: 'x', actor: system }))

  it('a snapshot is taken, told with its maker, and deleted', async () => {
    const name = await take('Sebelum pembaruan')
    expect(await shown()).toMatchObject({ limit: 2, used: 1, refusal: null, readable: true, items: [{ name, title: 'Sebelum pembaruan', own: true, by: 'client' }] })
    expect((await machine()).power).toBe('running')
    await ask({ action: 'delete', name })
    await drain()
    expect(await shown()).toMatchObject({ used: 0, items: [] })
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'snapshot', action: 'delete', status: 'done' })
  })
  it('the limit is the hypervisor\'s count, asked before the saga and again in it; those made by hand do not count', async () => {
    ;(await machine()).snapshots = [{ name: 'sebelum-migrasi', title: '', at: null, kept: {} }]
    await take()
    await ask({ action: 'create', title: 'Kedua' })
    // Between the act and its step somebody takes one by another way.
    ;(await machine()).snapshots?.push({ name: 'gardu-ffffffffffff', title: '', at: null, kept: {} })
    await drain()
    expect((await world.look(serviceId)).newest).toMatchObject({ status: 'failed', reason: '2 of 2 snapshots are there already' })
    expect((await world.look(serviceId)).resource?.status).toBe('ready')
    expect(await codeOf(ask({ action: 'create', title: 'Ketiga' }))).toBe('snapshot_limit')
    await db().update(products).set({ snapshotLimit: 0 }).where(eq(products.id, (await world.look(serviceId)).service.productId))
    expect(await codeOf(ask({ action: 'create', title: 'Ketiga' }))).toBe('snapshots_not_offered')
  })
  it('one that was made by hand is shown and neither gone back to nor deleted', async () => {
    ;(await machine()).snapshots = [{ name: 'sebelum-migrasi', title: 'x', at: null, kept: {} }]
    expect((await shown()).items).toMatchObject([{ title: 'sebelum-migrasi', own: false, by: null }])
    expect(await codeOf(restore('sebelum-migrasi'))).toBe('snapshot_by_hand')
    expect(await codeOf(ask({ action: 'delete', name: 'sebelum-migrasi' }))).toBe('snapshot_by_hand')
    expect((await machine()).snapshots).toHaveLength(1)
  })
  it('somebody else\'s service has no snapshots to tell or to act on', async () => {
    const other = '01900000-0000-7000-8000-0000000000ff'
    expect(await codeOf(ask({ action: 'create', title: 'x' }, other))).toBe('not_found')
    expect(await codeOf(showSnapshots(deps())({ id: serviceId, clientId: other }))).toBe('not_found')
  })
  it('going back needs the hostname, and a snapshot that is there', async () => {
    const name = await take()
    expect(await codeOf(ask({ action: 'rollback', name, hostname: 'lain.test' }))).toBe('invalid_input')
    expect(await codeOf(restore('gardu-eeeeeeeeeeee'))).toBe('snapshot_gone')
  })
  it('a suspended service refuses all of it; one act at a time', async () => {
    const name = await take()
    await ask({ action: 'create', title: 'Kedua' })
    expect(await codeOf(restore(name))).toBe('action_in_progress')
    expect(await codeOf(ask({ action: 'delete', name }))).toBe('action_in_progress')
    await drain()
    await suspend()
    expect(await codeOf(restore(name))).toBe('service_suspended')
    expect(await codeOf(ask({ action: 'create', title: 'x' }))).toBe('service_suspended')
    expect((await shown()).refusal).toBe('service_suspended')
  })
  it('a hypervisor that does not answer is said and begins nothing', async () => {
    world.hypervisor.down = true
    expect(await shown()).toMatchObject({ readable: false, items: [] })
    expect(await codeOf(ask({ action: 'create', title: 'x' }))).toBe('machine_unreachable')
    expect((await world.look(serviceId)).sagas.filter(saga => saga.kind === 'snapshot')).toHaveLength(0)
  })

  /** What a snapshot brings back of its time: a smaller machine, its link down, anybody's address. */
  async function outdated() {
    const name = await take()
    const found = await machine()
    found.snapshots = found.snapshots?.map(row => ({ ...row, kept: { cores: 1, ramMiB: 512, rateMbps: 1, networkUp: false, filtered: null } }))
    return name
  }
  const sold = async () => {
    const { service, address } = await world.look(serviceId)
    return { power: 'running', cores: service.spec.cpuCores, ramMiB: service.spec.ramMiB, rateMbps: service.spec.rateMbps, networkUp: true, startsAtBoot: true, filtered: [address?.address] }
  }
  it('gone back, the machine is what was sold, filtered before it starts, and running as before', async () => {
    const name = await outdated()
    await restore(name)
    const inner = world.hypervisor.hook
    const worker = world.worker()
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act === 'start' && moment === 'before') expect((await machine()).filtered).not.toBeNull()
    }
    await world.drain(worker)
    expect(await machine()).toMatchObject(await sold())
    expect((await world.look(serviceId)).newest).toMatchObject({ kind: 'rollback', status: 'done' })
    expect((await world.look(serviceId)).resource?.status).toBe('ready')
  })
  it('a machine that was stopped before stays stopped', async () => {
    const name = await outdated()
    ;(await machine()).power = 'stopped'
    await restore(name)
    await drain()
    expect(await machine()).toMatchObject({ ...await sold(), power: 'stopped' })
  })
  it('where the hypervisor refuses for good, the machine runs again as it was, and the saga says why', async () => {
    const name = await outdated()
    world.hypervisor.rollbackRefused = 'not the most recent snapshot'
    await restore(name)
    await drain()
    expect(await machine()).toMatchObject(await sold())
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed', reason: 'not the most recent snapshot' }, resource: { status: 'ready' } })
  })
  it('a snapshot that vanished meanwhile stops nothing', async () => {
    const name = await take()
    await restore(name)
    ;(await machine()).snapshots = []
    await drain()
    expect(await machine()).toMatchObject({ power: 'running' })
    expect(world.hypervisor.count('stop')).toBe(0)
    expect(await world.look(serviceId)).toMatchObject({ newest: { status: 'failed' }, resource: { status: 'ready' } })
  })
  it('suspended while it goes back: made what was sold, not started, then suspended', async () => {
    const name = await outdated()
    await restore(name)
    const worker = world.worker()
    const inner = world.hypervisor.hook
    let suspended = false
    world.hypervisor.hook = async (act, moment) => {
      await inner(act, moment)
      if (act !== 'rollbackSnapshot' || moment !== 'after' || suspended) return
      suspended = true
      await suspend()
      expect((await worker.follow({ kind: 'suspend', serviceId, cause: 'x' })).kind).toBe('later')
    }
    await world.drain(worker)
    world.hypervisor.hook = inner
    expect((await machine()).power).toBe('stopped')
    expect(world.hypervisor.count('start')).toBe(1)
    expect((await machine()).cores).toBe((await sold()).cores)
    await worker.recover()
    await world.drain(worker)
    expect((await world.look(serviceId)).resource?.status).toBe('stopped_by_policy')
    expect(await machine()).toMatchObject({ power: 'stopped', networkUp: false })
  })
  it.each(['create', 'delete', 'rollback'] as const)('%s: killed before or after a transaction or remote call, another worker ends it, with nothing doubled', async (action) => {
    const begin = async () => {
      await reborn()
      if (action === 'create') return ask({ action, title: 'Baru' })
      const name = await outdated()
      return action === 'rollback' ? restore(name) : ask({ action, name })
    }
    await begin()
    const counting = livingForever()
    await drain(counting)
    let deaths = 0
    for (const dieAt of killPoints(kind, counting.names.length)) {
      await begin()
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
        deaths++
      })
      world.afterDeath()
      await world.worker().recover()
      await drain()
      const label = `killed at ${dieAt} (${counting.names[dieAt]})`
      const found = await world.look(serviceId)
      expect({ status: found.newest?.status, sagas: found.sagas.filter(saga => saga.kind === (action === 'rollback' ? 'rollback' : 'snapshot')).length, snapshots: found.machines[0]?.snapshots?.length ?? 0 }, label).toEqual({ status: 'done', sagas: action === 'delete' ? 2 : 1, snapshots: action === 'delete' ? 0 : 1 })
      expect(found.machines[0], label).toMatchObject(await sold())
    }
    expect(deaths).toBeGreaterThan(2)
  }, 300_000)

  it('what a machine used is asked once in half a minute, for its owner alone', async () => {
    const kept = new Map<string, string>()
    const cache = { get: async (key: string) => kept.get(key) ?? null, set: async (key: string, value: string, seconds: number) => {
      expect(seconds).toBe(30)
      kept.set(key, value)
    } }
    const show = showMetrics({ read: test.app.core.read, openHypervisor: async () => world.hypervisor.driver(), cache })
    const first = await show({ id: serviceId, clientId, range: 'hour' })
    expect(first).toMatchObject({ supported: true, readable: true })
    expect(first.points).toHaveLength(3)
    expect(await show({ id: serviceId, clientId, range: 'hour' })).toEqual(first)
    expect(world.hypervisor.count('metrics')).toBe(1)
    await show({ id: serviceId, clientId, range: 'week' })
    expect(world.hypervisor.count('metrics')).toBe(2)
    expect(await codeOf(show({ id: serviceId, clientId: '01900000-0000-7000-8000-0000000000ff', range: 'hour' }))).toBe('not_found')
    kept.clear()
    world.hypervisor.down = true
    expect(await show({ id: serviceId, clientId, range: 'hour' })).toEqual({ supported: true, readable: false, points: [] })
    expect(kept.size).toBe(0)
  })
  it('an answer of the hypervisor that fails is no answer about a service', async () => {
    const refusing = { ...deps(), openHypervisor: () => Promise.reject(new DriverError('action_required', 'this connection was deleted')) }
    expect(await showSnapshots(refusing)({ id: serviceId, clientId })).toMatchObject({ readable: false })
    expect((await db().select({ status: services.status }).from(services).where(eq(services.id, serviceId)))[0]?.status).toBe('active')
  })
})
