import { eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connections, machineTraffic, mails, resources, services } from '#db/schema/index.ts'
import { collectState } from '#server/infrastructure/collect-state.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { monthsIn } from '#server/platform/months.ts'
import { openAct } from '#server/provisioning/open-saga.ts'
import { listTraffic, showTraffic } from '#server/provisioning/show-traffic.ts'
import { watchTraffic } from '#server/provisioning/watch-traffic.ts'
import type { TrafficTerms } from '#shared/vocabulary/traffic.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { Crash, killPoints, livingForever, provisioningWorld } from '../support/provisioning.ts'
import type { Points, ProvisioningWorld } from '../support/provisioning.ts'

const gibi = 1024 ** 3
const zone = 'Asia/Jakarta'
const terms: TrafficTerms = { limitGiB: 100, counts: 'both', slowMbps: 10 }

describe.each(databaseKinds())('traffic on %s', (kind) => {
  let test: TestApp
  let world: ProvisioningWorld
  let serviceId: string
  let clientId: string
  /** What the hypervisor tells of the machine. */
  let told = { in: 0, out: 0, uptimeSeconds: 0 }
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    test.clock.set(new Date('2026-11-20T03:00:00Z'))
    await db().delete(machineTraffic)
    await db().update(resources).set({ rateCapMbps: null, rateCapPending: false })
    world = await provisioningWorld(test)
    await reborn()
  })
  async function reborn() {
    const built = await world.build()
    serviceId = built.serviceId
    clientId = built.service.clientId
    told = { in: 0, out: 0, uptimeSeconds: 60 }
    await sell(terms)
  }
  const db = () => test.app.core.database.executor
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, clock: test.clock, log: test.app.core.log, zone, monthOf: monthsIn(zone), startOfDay: businessCalendar(zone).startOfDay, baseUrl: 'https://gardu.test' })
  const watch = () => watchTraffic(deps())()
  const drain = (points: Points = livingForever()) => world.drain(world.worker(points))
  const look = () => world.look(serviceId)
  const rate = async () => (await look()).machines[0]?.rateMbps
  const sell = async (traffic: TrafficTerms | undefined, change: { rateMbps?: number } = {}) => {
    const { service: { spec } } = await look()
    await db().update(services).set({ spec: { ...spec, ...change, traffic } }).where(eq(services.id, serviceId))
  }
  const month = () => monthsIn(zone)(test.clock.now())
  const use = (bytesOut: number, bytesIn = 0) => {
    const values = { bytesIn, bytesOut, counterIn: 0, counterOut: 0, uptimeSeconds: 0, readAt: test.clock.now() }
    return db().insert(machineTraffic).values({ serviceId, month: month(), ...values }).onConflictDoUpdate({ target: [machineTraffic.serviceId, machineTraffic.month], set: values })
  }
  const mailed = async () => (await db().select().from(mails).where(inArray(mails.template, ['traffic_near', 'traffic_reached', 'traffic_slowed']))).filter(mail => mail.dedupeKey.includes(serviceId)).map(mail => mail.template)
  const throttles = async () => (await look()).sagas.filter(saga => saga.kind === 'throttle').length
  const shown = () => showTraffic(deps())({ id: serviceId, clientId })
  /** `seen`: ends when the look may be stored. */
  const collect = async (seen: Promise<unknown> = Promise.resolve()) => {
    const { resource } = await look()
    if (!resource || resource.vmid === null) throw new Error('no machine')
    const machine = { node: 'jkt1', vmid: resource.vmid, ownershipMark: resource.ownershipMark, power: 'running' as const, cpu: 0, cpuCores: 1, memoryUsedMiB: 1, memoryTotalMiB: 1, diskGiB: null, uptimeSeconds: told.uptimeSeconds, counters: { in: told.in, out: told.out } }
    const { core } = test.app
    const found = await core.read.connections.find(world.connectionId)
    await collectState({
      ...deps(), ...core, trafficCounts: core.read.trafficCounts, connections: { ...core.read.connections, all: async () => found ? [found] : [] }, openPanel: () => Promise.reject(new Error('no panel')), refreshStock: () => Promise.resolve(), within: (_, work) => work,
      openHypervisor: async () => ({ ...world.hypervisor.driver(), look: async () => (await seen, { nodes: [], storages: [], machines: [machine], headroom: [], filtersApply: true }) }),
    })()
  }

  it('collections add up what a machine moved; a restart, a gap and a second look count nothing twice', async () => {
    const step = async (change: Partial<typeof told>, seconds = 30) => {
      test.clock.advance(seconds * 1000)
      told = { ...told, ...change }
      await collect()
    }
    await step({ in: 100, out: 10, uptimeSeconds: 90 })
    await step({ in: 300, out: 40, uptimeSeconds: 120 })
    await step({ uptimeSeconds: 150 })
    await step({ in: 7, out: 3, uptimeSeconds: 20 })
    await step({ in: 1007, out: 503, uptimeSeconds: 7220 }, 7200)
    expect(await shown()).toMatchObject({ month: '2026-11', bytesIn: 1307, bytesOut: 543, usedBytes: 1850, counted: true })
    test.clock.set(new Date('2026-11-30T17:00:10Z'))
    told = { ...told, in: 2007, out: 603, uptimeSeconds: 900_000 }
    await collect()
    await step({ in: 2017, out: 604, uptimeSeconds: 900_030 })
    expect(await shown()).toMatchObject({ month: '2026-12', bytesIn: 10, bytesOut: 1, daysLeft: 31, months: [{ month: '2026-12', bytesIn: 10 }, { month: '2026-11', bytesIn: 2307, bytesOut: 643 }] })
  })
  it('two looks at once, stored one after the other, count what both saw once, and the next look what came since', async () => {
    const step = async (moved: number, seen?: Promise<unknown>) => {
      test.clock.advance(30_000)
      told = { in: moved, out: moved, uptimeSeconds: told.uptimeSeconds + 30 }
      await collect(seen)
    }
    await step(100)
    const slow = Promise.withResolvers<unknown>()
    const first = step(200, slow.promise)
    await step(300)
    slow.resolve(null)
    await first
    expect(await shown()).toMatchObject({ bytesIn: 300, bytesOut: 300 })
    await step(400)
    expect(await shown()).toMatchObject({ bytesIn: 400, bytesOut: 400 })
  })
  it('months older than two years are forgotten', async () => {
    await use(1)
    await db().insert(machineTraffic).values(['2024-10', '2024-11'].map(each => ({ serviceId, month: each, bytesIn: 1, bytesOut: 1, counterIn: 0, counterOut: 0, uptimeSeconds: 0, readAt: test.clock.now() })))
    await collect()
    expect((await db().select().from(machineTraffic).where(eq(machineTraffic.serviceId, serviceId))).map(row => row.month).sort()).toEqual(['2024-11', '2026-11'])
  })
  it('a client is told at 80 and at 100 percent, once a month each; beyond the limit the machine is slowed down while it runs, read back, and gets its rate back when the month turns', async () => {
    await use(79 * gibi)
    await watch()
    expect(await mailed()).toEqual([])
    await use(50 * gibi, 31 * gibi)
    await watch()
    await watch()
    expect(await mailed()).toEqual(['traffic_near'])
    await use(60 * gibi, 41 * gibi)
    await watch()
    expect(await shown()).toMatchObject({ slow: { mbps: 10, pending: true, since: null } })
    await drain()
    expect(await rate()).toBe(10)
    expect(await shown()).toMatchObject({ slow: { mbps: 10, pending: false } })
    expect((await mailed()).sort()).toEqual(['traffic_near', 'traffic_slowed'])
    await watch()
    expect(await throttles()).toBe(1)
    expect(world.hypervisor.count('shutdown') + world.hypervisor.count('stop')).toBe(0)

    test.clock.set(new Date('2026-12-01T03:00:00Z'))
    await watch()
    expect(await shown()).toMatchObject({ usedBytes: 0, slow: { mbps: null, pending: true } })
    await drain()
    expect(await rate()).toBe((await look()).service.spec.rateMbps)
    expect(await shown()).toMatchObject({ slow: null })
    expect(await mailed()).toHaveLength(2)
  })
  it('a plan with more traffic lifts it at once; one that only tells slows nothing down, and one that counts what goes out lets in what comes', async () => {
    await use(200 * gibi)
    await watch()
    await drain()
    expect(await rate()).toBe(10)
    await sell({ ...terms, limitGiB: 500 })
    await watch()
    await drain()
    expect(await rate()).toBe((await look()).service.spec.rateMbps)

    await reborn()
    await sell({ ...terms, slowMbps: null })
    await use(200 * gibi)
    await watch()
    expect([await mailed(), await throttles()]).toEqual([['traffic_reached'], 0])
    await reborn()
    await sell({ ...terms, counts: 'out' })
    await use(10 * gibi, 500 * gibi)
    await watch()
    await sell(undefined)
    await use(10 * gibi, 500_000 * gibi)
    await watch()
    expect([await mailed(), await throttles()]).toEqual([[], 0])
  })
  it('where the hypervisor limits no rate, the client is told alone', async () => {
    await use(200 * gibi)
    await db().update(connections).set({ kind: 'vcenter' }).where(eq(connections.id, world.connectionId))
    await watch()
    expect([await mailed(), await throttles()]).toEqual([['traffic_reached'], 0])
    expect(await shown()).toMatchObject({ counted: true, slowable: false, slow: null })
  })
  it('a slowed machine stays slow through a rollback, and drift does not call it another size', async () => {
    await test.app.core.transact(stores => openAct(stores, { kind: 'snapshot', of: 'vps', action: 'create', serviceId, actor: 'test', state: { snapshot: { name: 'gardu-0123456789ab', title: 'x' } } }))
    await drain()
    await use(200 * gibi)
    await watch()
    await drain()
    await test.app.core.transact(stores => openAct(stores, { kind: 'rollback', of: 'vps', action: null, serviceId, actor: 'test', state: { snapshot: { name: 'gardu-0123456789ab', title: 'x' } } }))
    await drain()
    expect(await look()).toMatchObject({ newest: { kind: 'rollback', status: 'done' } })
    expect(await rate()).toBe(10)
    expect((await test.app.core.read.drift.expectedOn(world.connectionId))[0]?.spec.rateMbps).toBe(10)
  })
  it('while the hypervisor is silent the wish stays, is said to wait, and is tried again after an hour; another task goes first', async () => {
    await use(200 * gibi)
    world.hypervisor.down = true
    await watch()
    await drain()
    expect(await look()).toMatchObject({ newest: { kind: 'throttle', status: 'failed' }, resource: { status: 'ready', rateCapMbps: 10, rateCapPending: true } })
    await watch()
    expect(await throttles()).toBe(1)
    world.hypervisor.down = false
    test.clock.advance(3_601_000)
    await test.app.core.transact(stores => openAct(stores, { kind: 'power', of: 'vps', action: 'reboot', serviceId, actor: 'test' }))
    await watch()
    expect(await throttles()).toBe(1)
    await drain()
    await watch()
    await drain()
    expect([await rate(), (await look()).resource?.rateCapPending]).toEqual([10, false])
  })
  it('somebody else\'s traffic is not found; the list tells who moves most and who is nearest to the limit', async () => {
    await expect(showTraffic(deps())({ id: serviceId, clientId: '01900000-0000-7000-8000-0000000000ff' })).rejects.toMatchObject({ code: 'not_found' })
    await db().delete(machineTraffic)
    await use(90 * gibi)
    const [near, nearest] = [serviceId, (await look()).service]
    await reborn()
    await sell({ ...terms, limitGiB: 1000 })
    await use(200 * gibi)
    const list = async (order: 'bytes' | 'share') => (await listTraffic(deps())({ page: 1, pageSize: 10, order })).items.map(row => row.serviceId)
    expect([await list('bytes'), await list('share')]).toEqual([[serviceId, near], [near, serviceId]])
    expect(await listTraffic(deps())({ page: 1, pageSize: 1, order: 'bytes', q: nearest.hostname })).toMatchObject({ total: 1, month: '2026-11', items: [{ usedBytes: 90 * gibi, limitBytes: 100 * gibi, slow: null }] })
  })
  it('killed before or after a transaction or remote call of a slow-down, another worker ends it', async () => {
    const begin = async () => {
      await use(200 * gibi)
      await watch()
    }
    const counting = livingForever()
    await begin()
    await drain(counting)
    for (const dieAt of killPoints(kind, counting.names.length, { embedded: 5, postgres: 6 })) {
      await reborn()
      await begin()
      await drain({ ...livingForever(), dieAt }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error
      })
      world.afterDeath()
      const successor = world.worker()
      await successor.recover()
      await world.drain(successor)
      expect([await rate(), (await look()).resource?.rateCapPending, (await look()).newest?.status], `killed at ${dieAt} (${counting.names[dieAt]})`).toEqual([10, false, 'done'])
    }
  })
})
