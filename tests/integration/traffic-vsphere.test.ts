import { eq, inArray } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connections, machineTraffic, mails, services, users } from '#db/schema/index.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { createEsxiDriver, createVcenterDriver } from '#server/drivers/hypervisor/vsphere/driver.ts'
import { collectState } from '#server/infrastructure/collect-state.ts'
import { hypervisorPool } from '#server/infrastructure/open-hypervisor.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { monthsIn } from '#server/platform/months.ts'
import { within } from '#server/platform/within.ts'
import { listTraffic, showTraffic } from '#server/provisioning/show-traffic.ts'
import { watchTraffic } from '#server/provisioning/watch-traffic.ts'
import type { TrafficTerms } from '#shared/vocabulary/traffic.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { driversOf, provisioningWorld } from '../support/provisioning.ts'
import type { ProvisioningWorld } from '../support/provisioning.ts'
import { vsphereWorld } from '../support/vcsim.ts'
import type { VsphereMode, VsphereWorld } from '../support/vcsim.ts'

const zone = 'Asia/Jakarta'
const hour = 3600
/** The server's clock goes so many seconds ahead of ours. */
const skew = 400
const modes: readonly VsphereMode[] = ['vcenter', 'esxi']

describe.each(databaseKinds().flatMap(kind => modes.map(mode => [mode, kind] as const)))('traffic on VMware (%s), over its wire, on %s', (mode, kind) => {
  let test: TestApp
  let vsphere: VsphereWorld
  let world: ProvisioningWorld
  let drivers: ReturnType<typeof hypervisorPool>
  let serviceId: string
  let clientId: string
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  beforeEach(async () => {
    test.clock.set(new Date('2026-11-20T03:00:00Z'))
    await db().delete(machineTraffic)
    vsphere = await vsphereWorld(mode)
    const { core } = test.app
    const create = mode === 'vcenter' ? createVcenterDriver : createEsxiDriver
    drivers = hypervisorPool({ connections: core.read.connections, secrets: core.secrets, drivers: driversOf(mode, access => create({ ...access, tls: { mode: 'system', caPem: null, fingerprint: null } }, { totalMilliseconds: 5_000 })) })
    world = await provisioningWorld(test, {
      kind: mode, url: vsphere.proxy.url, fingerprint: null, token: { id: vsphere.simulator.username, secret: vsphere.simulator.password }, node: vsphere.node, storage: 'LocalDS_0', bridge: 'VM Network', template: { ref: vsphere.template.ref }, open: drivers.open,
      capacity: async () => [{ connectionId: world.connectionId, node: vsphere.node }], roomOnNodes: () => Promise.reject(new Error('nothing moves')),
    })
    const built = await world.build()
    serviceId = built.serviceId
    clientId = built.service.clientId
    await collect()
  })
  afterEach(async () => {
    drivers.closeAll()
    await vsphere.close()
  })
  const db = () => test.app.core.database.executor
  const deps = () => ({ read: test.app.core.read, transact: test.app.core.transact, clock: test.clock, log: test.app.core.log, zone, monthOf: monthsIn(zone), startOfDay: businessCalendar(zone).startOfDay, baseUrl: 'https://gardu.test' })
  async function collect(later = 0) {
    const { core } = test.app
    test.clock.advance(later * 1000)
    vsphere.proxy.ahead = test.clock.now().getTime() + skew * 1000 - Date.now()
    const found = await core.read.connections.find(world.connectionId)
    await collectState({ ...deps(), ...core, trafficCounts: core.read.trafficCounts, within, connections: { ...core.read.connections, all: async () => found ? [found] : [] }, openHypervisor: drivers.open, openPanel: () => Promise.reject(new Error('no panel')), refreshStock: () => Promise.resolve() })()
  }
  const shown = () => showTraffic(deps())({ id: serviceId, clientId })
  const sell = async (traffic: TrafficTerms) => {
    const { service: { spec } } = await world.look(serviceId)
    await db().update(services).set({ spec: { ...spec, traffic } }).where(eq(services.id, serviceId))
  }
  const mailed = async () => (await db().select().from(mails).where(inArray(mails.template, ['traffic_near', 'traffic_reached', 'traffic_slowed', 'traffic_beyond']))).filter(mail => mail.dedupeKey.includes(serviceId)).map(mail => mail.template)
  /** Of this month, those that are counted and those that are missed. */
  const seconds = async () => {
    const { samples } = await shown()
    return { measured: samples?.measuredSeconds ?? 0, missed: samples?.missedSeconds ?? 0 }
  }

  it('what samples tell is added up, each once, however often it is looked; hours of silence are filled from coarser samples, days are a gap that is told', async () => {
    expect(await shown()).toMatchObject({ month: '2026-11', bytesIn: 0, bytesOut: 0, counted: true, samples: { measuredSeconds: 0, missedSeconds: 0 } })
    await collect(50 * 60)
    const first = await shown()
    expect(first.bytesIn + first.bytesOut).toBeGreaterThan(0)
    expect((await seconds()).measured).toBeGreaterThan(2900)
    for (let n = 0; n < 4; n++) await collect(30)
    const often = await seconds()
    expect(often.measured + often.missed).toBeLessThanOrEqual(50 * 60 + 120 + 5)
    expect(often.measured).toBeGreaterThan(2900)

    await collect(6 * hour)
    const filled = await seconds()
    expect(filled.measured - often.measured).toBeGreaterThan(5.7 * hour)
    expect((await shown()).months[0]?.bytesIn).toBeGreaterThan(first.bytesIn)

    await collect(48 * hour)
    const away = await seconds()
    expect(away.missed - filled.missed).toBeGreaterThan(24 * hour - 400)
    expect(away.missed - filled.missed).toBeLessThan(25 * hour)
    expect(away.measured - filled.measured).toBeGreaterThan(23 * hour - 400)
    expect((await listTraffic(deps())({ page: 1, pageSize: 10, order: 'bytes' })).items[0]).toMatchObject({ serviceId, samples: { missedSeconds: away.missed } })
  })
  it('while the performance manager refuses, the connection is well, nothing is counted and the silence is told; when it answers again, what it kept is counted', async () => {
    vsphere.proxy.refuse = { calls: /^QueryPerf$/, fault: 'NoPermission' }
    await collect(40 * 60)
    const [row] = await db().select().from(connections).where(eq(connections.id, world.connectionId))
    expect(row?.healthy).toBe(true)
    expect(await shown()).toMatchObject({ bytesIn: 0, bytesOut: 0, samples: { measuredSeconds: 0 } })
    expect((await seconds()).missed).toBeGreaterThanOrEqual(40 * 60)
    vsphere.proxy.refuse = null
    await collect(30)
    expect(await seconds()).toMatchObject({ measured: expect.toSatisfy((n: number) => n > 2300) as number, missed: expect.toSatisfy((n: number) => n < 60) as number })
  })
  it('beyond the limit its client is told, and so are those who run machines, once a month; no rate is touched, since none can be', async () => {
    await db().insert(users).values({ id: uuidv7(), email: `${uuidv7()}@gardu.test`, name: 'Sys', passwordHash: 'x', role: 'sysadmin', locale: 'id', emailVerifiedAt: test.clock.now(), createdAt: test.clock.now() })
    await collect(20 * hour)
    await sell({ limitGiB: 1_000_000, counts: 'both', slowMbps: 10 })
    await watchTraffic(deps())()
    expect(await mailed()).toEqual([])
    const { usedBytes } = await shown()
    expect(usedBytes).toBeGreaterThan(2 ** 30)
    await sell({ limitGiB: 1, counts: 'both', slowMbps: 10 })
    await watchTraffic(deps())()
    await watchTraffic(deps())()
    const told = await mailed()
    expect(told.filter(template => template === 'traffic_reached')).toHaveLength(1)
    const staff = await test.app.core.transact(stores => stores.staff.runMachines())
    expect(staff.length).toBeGreaterThan(0)
    expect(told.filter(template => template === 'traffic_beyond')).toHaveLength(staff.length)
    expect(await world.look(serviceId)).toMatchObject({ resource: { rateCapMbps: null, rateCapPending: false } })
    expect((await world.look(serviceId)).sagas.filter(saga => saga.kind === 'throttle')).toEqual([])
    expect(await shown()).toMatchObject({ slow: null, slowable: false })
  })
})
