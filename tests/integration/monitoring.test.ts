import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packSlot, stepMilliseconds } from '#server/infrastructure/series.ts'
import acknowledgeRoute from '../../server/api/admin/alarms/[id]/acknowledge.post.ts'
import countAlarmsRoute from '../../server/api/admin/alarms/count.get.ts'
import listAlarmsRoute from '../../server/api/admin/alarms/index.get.ts'
import deleteRuleRoute from '../../server/api/admin/alarm-rules/[id].delete.ts'
import updateRuleRoute from '../../server/api/admin/alarm-rules/[id].put.ts'
import listRulesRoute from '../../server/api/admin/alarm-rules/index.get.ts'
import createRuleRoute from '../../server/api/admin/alarm-rules/index.post.ts'
import boardRoute from '../../server/api/admin/monitoring.get.ts'
import nodeRoute from '../../server/api/admin/nodes/[connectionId]/[node]/index.get.ts'
import machinesRoute from '../../server/api/admin/nodes/[connectionId]/[node]/machines.get.ts'
import seriesRoute from '../../server/api/admin/series.get.ts'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import type { ProxmoxSimulator } from '../../simulators/proxmox/index.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { serveRoutes } from '../support/http.ts'

const sari = { kind: 'user' as const, id: '01900000-0000-7000-8000-000000000001', name: 'Sari', role: 'sysadmin' as const }
const day = 86_400_000
interface Series { figures: string[], points: { at: string, average: (number | null)[], highest: (number | null)[] }[] }
interface Alarms { total: number, items: { id: string, measure: string, severity: string, subjectName: string, firedAt: string, resolvedAt: string | null, acknowledgedBy: string | null, note: string | null }[] }

describe.each(databaseKinds())('monitoring on %s', (kind) => {
  let test: TestApp
  let sim: ProxmoxSimulator
  let slow: ProxmoxSimulator
  let served: Awaited<ReturnType<typeof serveRoutes>>
  let role: 'sysadmin' | 'finance' | 'client' | null = 'sysadmin'
  let connectionId = ''
  const start = new Date('2026-11-02T03:00:00Z')
  const app = () => test.app
  const query = async <T>(statement: ReturnType<typeof sql>) => ((await test.app.core.database.executor.execute(statement)) as unknown as { rows: T[] }).rows
  const input = (of: ProxmoxSimulator, name: string) => ({ kind: 'proxmox' as const, name, url: of.url, tls: { mode: 'fingerprint' as const, caPem: null, fingerprint: of.fingerprint }, tokenId: of.token.id, tokenSecret: of.token.secret, maintenance: false, storage: 'local-lvm', bridge: 'vmbr0', nodes: [] })
  const get = async <T>(path: string) => await (await fetch(`${served.url}${path}`)).json() as T
  const send = (method: string, path: string, body?: object) => fetch(`${served.url}${path}`, { method, headers: { 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) })
  const series = (name: string, range: string, subject = 'node') => get<Series>(`/api/admin/series?connectionId=${connectionId}&kind=${subject}&name=${encodeURIComponent(name)}&range=${range}`)
  const figure = ({ figures, points }: Series, name: string) => points.map(point => point.average[figures.indexOf(name)] ?? null)
  /** One look at everything, as the job does it. */
  const tick = async (seconds = 30) => {
    test.clock.advance(seconds * 1000)
    await app().infrastructure.handlers['infrastructure.collect-due']()
  }
  const firing = () => get<Alarms>('/api/admin/alarms')
  const letters = () => query<{ recipient: string, locale: string, template: string, params: { count: string, list: string, url: string } }>(sql`select recipient, locale, template, params from mails where template like 'alarms%' order by template, locale desc`)

  beforeAll(async () => {
    sim = await startProxmoxSimulator()
    slow = await startProxmoxSimulator()
    test = await startTestApp({ kind, workers: false, start: start.toISOString() })
    served = await serveRoutes(test.app, [
      ['get', '/api/admin/monitoring', boardRoute], ['get', '/api/admin/series', seriesRoute], ['get', '/api/admin/nodes/{connectionId}/{node}', nodeRoute], ['get', '/api/admin/nodes/{connectionId}/{node}/machines', machinesRoute],
      ['get', '/api/admin/alarms', listAlarmsRoute], ['get', '/api/admin/alarms/count', countAlarmsRoute], ['post', '/api/admin/alarms/{id}/acknowledge', acknowledgeRoute],
      ['get', '/api/admin/alarm-rules', listRulesRoute], ['post', '/api/admin/alarm-rules', createRuleRoute], ['put', '/api/admin/alarm-rules/{id}', updateRuleRoute], ['delete', '/api/admin/alarm-rules/{id}', deleteRuleRoute],
    ], (event) => {
      event.context.actor = role ? { ...sari, role } : null
    })
    connectionId = (await app().infrastructure.createConnection({ actor: sari, input: input(sim, 'Jakarta') })).id
    await query(sql`insert into users (id, email, name, password_hash, role, locale, email_verified_at, created_at) values
      (${sari.id}, 'sari@gardu.test', 'Sari', 'x', 'sysadmin', 'id', now(), now()), ('01900000-0000-7000-8000-000000000002', 'dewi@gardu.test', 'Dewi', 'x', 'sysadmin', 'en', now(), now()),
      ('01900000-0000-7000-8000-000000000003', 'belum@gardu.test', 'Belum', 'x', 'sysadmin', 'id', null, now()), ('01900000-0000-7000-8000-000000000004', 'rini@gardu.test', 'Rini', 'x', 'finance', 'id', now(), now())`)
    await app().infrastructure.collect()
  })
  beforeEach(async () => {
    role = 'sysadmin'
    sim.faults.clear()
    // Nobody works on jobs here; letters of the test before would become old.
    await query(sql`update mails set status = 'sent', sent_at = created_at where status = 'queued'`)
  })
  afterAll(async () => {
    test.app.infrastructure.closeHypervisors()
    await served.close()
    await test.close()
    await sim.close()
    await slow.close()
  })

  it('every collection leaves a sample; what is rolled up is made of the samples; while nobody answers there is a gap, not a 0', async () => {
    test.clock.set(new Date(start.getTime() - 30_000))
    for (let i = 0; i < 10; i++) await tick()
    sim.faults.set({ down: true })
    await tick()
    sim.faults.clear()
    for (let i = 0; i < 11; i++) await tick()
    const node = sim.state.nodes[0]?.name ?? ''
    const hour = await series(node, 'hour')
    const cpu = figure(hour, 'cpu')
    expect(cpu.slice(0, 98).every(value => value === null)).toBe(true)
    expect(cpu.slice(98).map(value => value === null)).toEqual(Array.from({ length: 22 }, (_, i) => i === 10))
    for (const name of ['memory', 'disk', 'netIn', 'netOut', 'load', 'ioWait', 'pressureCpu', 'pressureIo']) expect(figure(hour, name).at(-1)).not.toBeNull()
    const five = figure(await series(node, 'day'), 'cpu')
    const first = cpu.slice(98, 108) as number[]
    // The first five minutes are whole; of the second one sample is missing.
    expect(five.at(-3)).toBeCloseTo(first.reduce((sum, value) => sum + value, 0) / 10, 5)
    const second = cpu.slice(108, 118).filter(value => value !== null)
    expect(second).toHaveLength(9)
    expect(five.at(-2)).toBeCloseTo(second.reduce((sum, value) => sum + value, 0) / 9, 5)
    expect(figure(await series('ceph-vm', 'hour', 'storage'), 'used').filter(value => value !== null)).toHaveLength(21)
  })

  it('a collection that is repeated changes nothing, and rolling up again gives the same', async () => {
    const before = await query(sql`select name, step, starts_at, encode(points, 'hex') as points from metric_series where step <> 'raw' order by kind, name, step, starts_at`)
    await app().infrastructure.collect()
    await app().infrastructure.collect()
    expect(await query(sql`select name, step, starts_at, encode(points, 'hex') as points from metric_series where step <> 'raw' order by kind, name, step, starts_at`)).toEqual(before)
  })

  it('a slow hypervisor keeps no other one waiting', async () => {
    const { id } = await app().infrastructure.createConnection({ actor: sari, input: input(slow, 'Lambat') })
    slow.faults.set({ latencyMs: 300 })
    const order: string[] = []
    const end = test.app.core.live.subscribe(hint => hint.name === 'nodes' && order.push(hint.id))
    await app().infrastructure.collect()
    end()
    expect(order).toEqual([connectionId, id])
    slow.faults.clear()
    await app().infrastructure.deleteConnection({ actor: sari, id })
    expect(await query(sql`select 1 from metric_series where connection_id = ${id}`)).toEqual([])
  })

  it('a storage\'s forecast is read off its days, once there are enough of them', async () => {
    const of = async () => (await get<{ storages: { key: string, forecast: { state: string, days: number | null } }[] }>('/api/admin/monitoring')).storages.find(storage => storage.key === 'ceph-vm')?.forecast
    expect(await of()).toEqual({ state: 'unknown', days: null, daysKnown: 0 })
    const total = 4096 * 2 ** 30
    const today = Math.floor(test.clock.now().getTime() / day) * day
    await test.app.core.transact(async (stores) => {
      for (let back = 20; back >= 1; back--) {
        for (const hour of [0, 12]) {
          const values = [total / 2 - back * 4 * 2 ** 30, total]
          await stores.series.put('hour', today - back * day + hour * stepMilliseconds('hour'), [{ connectionId, kind: 'storage', name: 'ceph-vm', slot: packSlot('hour', { at: 0, average: values, highest: values, samples: values.map(() => 10) }) }])
        }
      }
      await stores.settings.set('series.made.day', new Date(today - 20 * day).toISOString())
    })
    await tick()
    const forecast = await of()
    expect(forecast).toMatchObject({ state: 'growing' })
    const used = (await query<{ used: string }>(sql`select used from storages where key = 'ceph-vm'`))[0]?.used
    expect(Math.abs((forecast?.days ?? 0) - (total - Number(used)) / (4 * 2 ** 30))).toBeLessThan(30)
    expect(figure(await series('ceph-vm', 'year', 'storage'), 'used').filter(value => value !== null)).toHaveLength(20)
  })

  it('a node\'s page shows its storages and our machines, most first; another node is not found, and only sysadmins see any of it', async () => {
    const node = sim.state.nodes[0]?.name ?? ''
    expect(await get(`/api/admin/nodes/${connectionId}/${node}`)).toMatchObject({ node, online: true, storages: expect.arrayContaining([expect.objectContaining({ key: 'ceph-vm', node: null }), expect.objectContaining({ key: `${node}/local-lvm`, node })]) as unknown })
    const world = billingWorld(app())
    await world.order({ prices: [1n, 2n, 3n, 4n].map(n => n * 100_000n) })
    const services = (await query<{ id: string }>(sql`select id from services order by id`)).map(row => row.id)
    // The last one is gone: it is not listed any more.
    for (const [n, id] of services.entries()) await query(sql`insert into resources (service_id, status, connection_id, node, vmid, ownership_mark, power, cpu, memory_used_mi_b, memory_total_mi_b, changed_at) values (${id}, ${n === 3 ? 'destroyed' : 'ready'}, ${connectionId}, ${node}, ${500 + n}, ${id}, 'running', ${n === 1 ? null : 0.2 + n / 10}, ${300 - n}, 1024, now()) on conflict (service_id) do update set status = excluded.status, connection_id = excluded.connection_id, node = excluded.node, vmid = excluded.vmid, power = excluded.power, cpu = excluded.cpu, memory_used_mi_b = excluded.memory_used_mi_b`)
    const machines = async (query: string) => await get<{ total: number, items: { serviceId: string }[] }>(`/api/admin/nodes/${connectionId}/${node}/machines?${query}`)
    expect((await machines('order=cpu')).items.map(machine => services.indexOf(machine.serviceId))).toEqual([2, 0, 1])
    expect((await machines('order=memory')).items.map(machine => services.indexOf(machine.serviceId))).toEqual([0, 1, 2])
    expect(await machines('order=memory&pageSize=2&page=2')).toMatchObject({ total: 3, items: [{ serviceId: services[2] }] })
    expect((await fetch(`${served.url}/api/admin/nodes/${connectionId}/tidak-ada`)).status).toBe(404)
    expect((await fetch(`${served.url}/api/admin/series?connectionId=${sari.id}&kind=node&name=x`)).status).toBe(404)
    for (const [who, status] of [[null, 401], ['client', 403], ['finance', 403]] as const) {
      role = who
      const paths = ['/api/admin/monitoring', '/api/admin/alarms', '/api/admin/alarms/count', '/api/admin/alarm-rules', `/api/admin/nodes/${connectionId}/${node}`, `/api/admin/series?connectionId=${connectionId}&kind=node&name=${node}`]
      expect(await Promise.all(paths.map(async path => (await fetch(`${served.url}${path}`)).status))).toEqual(paths.map(() => status))
    }
  })

  it('an alarm begins after its time, tells each sysadmin once in his language, is acknowledged, and ends with a letter when it is calm', async () => {
    const [down] = sim.state.nodes
    if (!down) throw new Error('no node')
    down.online = false
    await tick()
    expect((await firing()).total).toBe(0)
    for (let i = 0; i < 4; i++) await tick()
    // The same evaluation once more, and two at once: nothing is told twice.
    await Promise.all([app().monitoring.evaluateAlarms(), app().monitoring.evaluateAlarms()])
    const { items } = await firing()
    expect(items).toEqual([expect.objectContaining({ measure: 'node_offline', severity: 'critical', subjectName: down.name })])
    expect((await letters()).map(({ recipient, locale, template }) => [recipient, locale, template])).toEqual([['sari@gardu.test', 'id', 'alarms_fired'], ['dewi@gardu.test', 'en', 'alarms_fired']])
    expect((await letters()).map(({ params }) => [params.count, params.list])).toEqual([['1', `• [KRITIS] ${down.name} · Jakarta: node tidak aktif`], ['1', `• [CRITICAL] ${down.name} · Jakarta: node is offline`]])
    expect((await letters()).map(({ params }) => new URL(params.url).pathname)).toEqual(['/admin/alarms', '/en/admin/alarms'])
    expect(await get('/api/admin/alarms/count')).toEqual({ warning: 0, critical: 1, unacknowledged: 1 })

    expect((await send('POST', `/api/admin/alarms/${items[0]?.id}/acknowledge`, { note: 'Diganti catu dayanya' })).status).toBe(204)
    expect((await firing()).items[0]).toMatchObject({ acknowledgedBy: 'Sari', note: 'Diganti catu dayanya' })
    expect(await get('/api/admin/alarms/count')).toMatchObject({ critical: 1, unacknowledged: 0 })
    expect((await send('POST', `/api/admin/alarms/${sari.id}/acknowledge`, {})).status).toBe(404)

    // No answer is no good news.
    sim.faults.set({ down: true })
    for (let i = 0; i < 2; i++) await tick()
    sim.faults.clear()
    expect((await firing()).items.map(alarm => alarm.measure)).toContain('node_offline')
    down.online = true
    for (let i = 0; i < 6; i++) await tick()
    expect((await firing()).total).toBe(0)
    expect((await get<Alarms>('/api/admin/alarms?state=resolved')).items[0]).toMatchObject({ measure: 'node_offline', acknowledgedBy: 'Sari', resolvedAt: expect.any(String) as unknown })
    expect((await letters()).map(({ template }) => template)).toEqual(['alarms_fired', 'alarms_fired', 'alarms_resolved', 'alarms_resolved'])
  })

  it('a silent connection is an alarm of its own, what fired meanwhile stays, and maintenance ends all of it', async () => {
    sim.faults.set({ down: true })
    for (let i = 0; i < 3; i++) await tick(120)
    expect((await firing()).items.map(alarm => alarm.measure)).toEqual(['connection_unhealthy'])
    for (let i = 0; i < 3; i++) await tick(150)
    expect((await firing()).items.map(alarm => alarm.measure).sort()).toEqual(['connection_unhealthy', 'silent'])
    const board = await get<{ connections: { healthy: boolean, healthSince: string, answeredAt: string }[], alarmCount: number, queues: { name: string, waiting: number }[] }>('/api/admin/monitoring')
    expect(board.connections[0]).toMatchObject({ healthy: false })
    expect(new Date(board.connections[0]?.healthSince ?? 0).getTime()).toBeGreaterThan(new Date(board.connections[0]?.answeredAt ?? 0).getTime())
    expect(board.alarmCount).toBe(2)
    // Letters wait for a worker.
    expect(board.queues.find(queue => queue.name === 'notifications.mail-queued')?.waiting).toBeGreaterThan(0)
    await app().infrastructure.updateConnection({ actor: sari, id: connectionId, input: { ...input(sim, 'Jakarta'), maintenance: true } })
    await tick()
    expect((await firing()).total).toBe(0)
    sim.faults.clear()
    await app().infrastructure.updateConnection({ actor: sari, id: connectionId, input: input(sim, 'Jakarta') })
    await tick()
  })

  it('rules: one for each measure and severity, thresholds that can be reached, every change in the audit log; a changed rule decides anew', async () => {
    const { items } = await get<{ items: { id: string, measure: string, severity: string }[] }>('/api/admin/alarm-rules')
    expect(items.length).toBeGreaterThanOrEqual(15)
    const rule = { measure: 'node_cpu', threshold: 0.01, minutes: 0, severity: 'critical', enabled: true }
    const made = await send('POST', '/api/admin/alarm-rules', rule)
    expect(made.status).toBe(201)
    const { id } = await made.json() as { id: string }
    expect((await send('POST', '/api/admin/alarm-rules', rule)).status).toBe(422)
    expect((await send('PUT', `/api/admin/alarm-rules/${id}`, { ...rule, threshold: 90 })).status).toBe(422)
    expect((await send('PUT', `/api/admin/alarm-rules/${id}`, { ...rule, severity: 'warning' })).status).toBe(422)
    await tick()
    expect((await firing()).items.map(alarm => alarm.measure)).toEqual(['node_cpu', 'node_cpu'])
    expect((await send('PUT', `/api/admin/alarm-rules/${id}`, { ...rule, threshold: 0.99 })).status).toBe(204)
    expect((await firing()).total).toBe(0)
    expect((await send('DELETE', `/api/admin/alarm-rules/${id}`)).status).toBe(204)
    expect((await send('DELETE', `/api/admin/alarm-rules/${id}`)).status).toBe(404)
    expect((await query<{ action: string }>(sql`select action from audit_log where entity = 'alarm_rule' order by at, id`)).map(row => row.action)).toEqual(['alarm_rule.create', 'alarm_rule.update', 'alarm_rule.delete'])
    expect((await get<Alarms>('/api/admin/alarms?state=resolved')).items.filter(alarm => alarm.measure === 'node_cpu')).toHaveLength(2)
  })

  it('after days without the program what is still kept is rolled up, and what is too old is forgotten', async () => {
    test.clock.advance(40 * day)
    await tick()
    expect(await query(sql`select distinct step from metric_series where starts_at < ${new Date(test.clock.now().getTime() - 32 * day).toISOString()}::timestamptz order by step`)).toEqual([{ step: 'day' }, { step: 'hour' }])
  })
})
