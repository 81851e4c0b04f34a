import { sql } from 'drizzle-orm'
import { collectState } from '#server/infrastructure/collect-state.ts'
import type { HypervisorDriver, NodeHeadroom, ObservedMachine, RemoteNode, RemoteStorage } from '#server/infrastructure/ports.ts'
import { rollUpSeries } from '#server/infrastructure/roll-up-series.ts'
import { beginOf, packSlot, slotOf, stepMilliseconds } from '#server/infrastructure/series.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { monthsIn } from '#server/platform/months.ts'
import { seriesFigures } from '#shared/vocabulary/monitoring.ts'
import { startTestApp } from '../support/app.ts'
import { seedServices } from './billing-plan.ts'
import { median } from './measure.ts'
import type { Line } from './measure.ts'

const connectionsCount = 10
const gibi = 2 ** 30
const none = () => Promise.reject(new Error('not part of this bench'))

/** A cluster in memory: what it tells costs nothing, so that what is measured is ours. */
function cluster(nodes: number, machines: readonly { mark: string, vmid: number }[]): HypervisorDriver {
  const name = (n: number) => `pve-${String(n).padStart(2, '0')}`
  const wave = (n: number) => (Math.sin(Date.now() / 9000 + n) + 1) / 2
  const look: HypervisorDriver['look'] = async () => ({
    nodes: Array.from({ length: nodes }, (_, n): RemoteNode => ({ node: name(n), online: true, cpu: wave(n), cpuCores: 64, memoryUsed: Math.round(200 * gibi * wave(n)), memoryTotal: 256 * gibi, diskUsed: 11 * gibi, diskTotal: 94 * gibi, loadAverage: 12 * wave(n), uptimeSeconds: 86_400, version: '9.2.3', strain: { netIn: 1e7 * wave(n), netOut: 2e7 * wave(n), ioWait: 0.01, pressureCpu: 0.02 * wave(n), pressureMemory: 0, pressureIo: 0.01 } })),
    storages: [...Array.from({ length: nodes * 2 }, (_, n): RemoteStorage => ({ key: `${name(n % nodes)}/local-${n < nodes ? 'lvm' : 'dir'}`, name: n < nodes ? 'local-lvm' : 'local', node: name(n % nodes), type: 'lvmthin', shared: false, active: true, used: Math.round(300 * gibi * wave(n)), total: 400 * gibi })), { key: 'ceph', name: 'ceph', node: null, type: 'rbd', shared: true, active: true, used: 2000 * gibi, total: 4000 * gibi }],
    machines: machines.map(({ mark, vmid }, n): ObservedMachine => ({ node: name(n % nodes), vmid, ownershipMark: mark, power: 'running', cpu: wave(n), cpuCores: 2, memoryUsedMiB: 2048 * wave(n), memoryTotalMiB: 4096, diskGiB: 40, uptimeSeconds: Math.round(Date.now() / 1000) % 1e9, counters: { in: Math.round(Date.now() * (n + 1)), out: Math.round(Date.now() * (n + 2)) } })),
    filtersApply: true,
    headroom: Array.from({ length: nodes }, (_, n): NodeHeadroom => ({ node: name(n), memoryTotal: 256 * gibi, memoryFree: 100 * gibi, storageFree: 2000 * gibi, cpuCores: 64, storageKey: name(n) })),
  })
  return { look } as unknown as HypervisorDriver
}

/** Processor seconds that PostgreSQL's own processes have used so far, all of this server. */
async function postgresSeconds(pids: readonly number[]): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const ticks = await Promise.all(pids.map(async (pid) => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  }))
  return ticks.reduce((sum, value) => sum + value, 0) / 100
}

/** What it costs to collect so many nodes and machines every thirty seconds, and how long the page of a year takes. */
export async function benchMonitoring(nodes: number, machines: number): Promise<Line[]> {
  const test = await startTestApp({ kind: 'postgres', start: '2026-11-23T03:00:00Z', workers: false })
  try {
    const { core } = test.app
    const query = async <T>(statement: ReturnType<typeof sql>) => ((await core.database.executor.execute(statement)) as unknown as { rows: T[] }).rows
    await seedServices(test.app, machines)
    const ids = Array.from({ length: connectionsCount }, () => uuidv7())
    for (const [n, id] of ids.entries()) await query(sql`insert into connections (id, kind, name, url, tls_mode, token_id, token_secret, storage, bridge, created_at) values (${id}, 'proxmox', ${`cluster ${n}`}, 'https://pve.test:8006', 'system', 'x', 'x', 'local-lvm', 'vmbr0', now())`)
    const services = await query<{ id: string }>(sql`select id from services order by id limit ${machines}`)
    const placed = services.map(({ id }, n) => ({ id, mark: uuidv7(), vmid: 100 + n, connectionId: ids[n % connectionsCount] ?? '' }))
    await query(sql`insert into resources (service_id, status, connection_id, node, vmid, ownership_mark, changed_at) select v.id, 'ready', v.c, 'pve-00', v.n, v.m, now() from jsonb_to_recordset(${JSON.stringify(placed.map(each => ({ id: each.id, c: each.connectionId, n: each.vmid, m: each.mark })))}::jsonb) as v(id uuid, c uuid, n int, m uuid)
      on conflict (service_id) do update set status = 'ready', connection_id = excluded.connection_id, vmid = excluded.vmid, ownership_mark = excluded.ownership_mark`)
    const drivers = new Map(ids.map(id => [id, cluster(nodes / connectionsCount, placed.filter(each => each.connectionId === id))]))
    const deps = { transact: core.transact, connections: core.read.connections, openHypervisor: async (id: string) => drivers.get(id) ?? none(), openPanel: none, clock: test.clock, live: core.live, log: core.log, series: core.read.series, refreshStock: test.app.infrastructure.refreshStock, trafficCounts: core.read.trafficCounts, monthOf: monthsIn('Asia/Jakarta'), startOfDay: businessCalendar('Asia/Jakarta').startOfDay, within: <T>(_: number, work: Promise<T>) => work }
    const [collect, rollUp] = [collectState(deps), rollUpSeries(deps)]
    const round = async () => {
      test.clock.advance(30_000)
      await collect()
      await rollUp()
      await test.app.monitoring.evaluateAlarms()
    }
    for (let i = 0; i < 12; i++) await round()
    // An hour at once: whole chunks, twelve roll-ups to five minutes and one to an hour are in it.
    const rounds = 120
    const pids = (await query<{ pid: number }>(sql`select pid from pg_stat_activity where datname = current_database()`)).map(row => row.pid)
    const [begun, ours, theirs] = [performance.now(), process.cpuUsage(), await postgresSeconds(pids)]
    for (let i = 0; i < rounds; i++) await round()
    const used = process.cpuUsage(ours)
    const [app, database] = [(used.user + used.system) / 1e6 / rounds, (await postgresSeconds(pids) - theirs) / rounds]
    const wall = (performance.now() - begun) / 1000 / rounds
    const [failing] = await query<{ problem: string }>(sql`select problem from connections where not healthy limit 1`)
    if (failing) throw new Error(failing.problem)
    const [size] = await query<{ bytes: string, chunks: string }>(sql`select pg_total_relation_size('metric_series')::text as bytes, (select count(*) from metric_series)::text as chunks`)

    // Two years of days of one node, then its page beside a row by its key.
    const [connectionId = ''] = ids
    const today = beginOf(stepMilliseconds('day'), test.clock.now().getTime())
    for (let back = 500; back >= 1; back--) {
      const at = today - back * stepMilliseconds('day')
      const values = seriesFigures.node.map((_, n) => back / 500 + n)
      await core.read.series.put('day', at, [{ connectionId, kind: 'node', name: 'pve-00', slot: packSlot('day', { at, average: values, highest: values, samples: values.map(() => 2880) }) }])
    }
    const timed = async (work: () => Promise<unknown>) => {
      const times = []
      for (let i = 0; i < 300; i++) {
        const from = performance.now()
        await work()
        times.push(performance.now() - from)
      }
      return median(times)
    }
    const year = () => test.app.infrastructure.showSeries({ connectionId, kind: 'node', name: 'pve-00', range: 'year' })
    const byKey = () => core.read.connections.find(connectionId)
    for (const warm of [year, byKey]) await timed(warm)
    const [page, read] = [await timed(year), await timed(byKey)]
    const rows = (await core.read.series.read({ connectionId, kind: 'node', name: 'pve-00' }, 'day', new Date(slotOf('day', today - 366 * stepMilliseconds('day')).startsAt), new Date(today + 1))).length
    return [
      { name: `collecting ${nodes} nodes and ${machines} machines every 30 s, of one core`, value: (app + database) / 30 * 100, unit: '%', atMost: 15, note: `${(app * 1000).toFixed(0)} ms here and ${(database * 1000).toFixed(0)} ms in PostgreSQL each time, ${(wall * 1000).toFixed(0)} ms until it is done; roll-ups and alarms included` },
      { name: 'series of an hour of that', value: Number(size?.bytes ?? 0) / 1e6, unit: 'MB', note: `${size?.chunks} chunks` },
      { name: 'figures of a year / a connection by its key', value: page / read, unit: '×', atMost: 3, note: `${page.toFixed(2)} and ${read.toFixed(2)} ms, ${rows} rows` },
    ]
  } finally {
    await test.close()
  }
}
