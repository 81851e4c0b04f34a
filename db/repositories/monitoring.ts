import { and, asc, count, desc, eq, inArray, ne, sql } from 'drizzle-orm'
import type { NodeMachine, NodeMachineStore } from '#server/infrastructure/ports.ts'
import type { AlarmRecord, AlarmRuleStore, AlarmStore, HouseReads, HouseState } from '#server/monitoring/ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { alarmRules, alarms, connections, panelServers } from '../schema/index.ts'
import { failingAlone } from '../failed-tasks.ts'
import { rowsOf } from '../rows-of.ts'
import { toDate } from './service-pages.ts'

export function monitoringStores(db: Executor) {
  const ruleColumns = { id: alarmRules.id, measure: alarmRules.measure, threshold: alarmRules.threshold, minutes: alarmRules.minutes, severity: alarmRules.severity, enabled: alarmRules.enabled, days: alarmRules.days }
  const open = inArray(alarms.state, ['pending', 'firing'])
  return {
    alarmRules: {
      list: async () => await db.select(ruleColumns).from(alarmRules).orderBy(asc(alarmRules.measure), asc(alarmRules.severity)),
      lockAll: async () => await db.select(ruleColumns).from(alarmRules).orderBy(asc(alarmRules.id)).for('no key update'),
      async insert(id, fields, at) {
        return (await db.insert(alarmRules).values({ id, ...fields, createdAt: at, updatedAt: at }).onConflictDoNothing().returning({ id: alarmRules.id })).length === 1
      },
      async update(id, fields, at) {
        const [taken] = await db.select({ id: alarmRules.id }).from(alarmRules).where(and(eq(alarmRules.measure, fields.measure), eq(alarmRules.severity, fields.severity), ne(alarmRules.id, id)))
        if (taken) return false
        await db.update(alarmRules).set({ ...fields, updatedAt: at }).where(eq(alarmRules.id, id))
        return true
      },
      async remove(id) {
        await db.delete(alarmRules).where(eq(alarmRules.id, id))
      },
    } satisfies AlarmRuleStore,

    alarms: {
      open: async () => await db.select().from(alarms).where(open),
      async save(changed) {
        await insertRows(db, alarms, changed.map(alarm => ({ ...alarm })), sql`on conflict (id) do update set state = excluded.state, value = excluded.value, threshold = excluded.threshold, since = excluded.since, seen_at = excluded.seen_at, calm_since = excluded.calm_since, fired_at = excluded.fired_at, resolved_at = excluded.resolved_at`)
      },
      async remove(ids) {
        if (ids.length > 0) await db.delete(alarms).where(inArray(alarms.id, [...ids]))
      },
      async list({ state, page, pageSize }) {
        const where = eq(alarms.state, state)
        const items: AlarmRecord[] = await db.select().from(alarms).where(where).orderBy(desc(alarms.firedAt), desc(alarms.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(alarms).where(where)
        return { items, total: counted?.total ?? 0, page, pageSize }
      },
      async acknowledge(id, by, note, at) {
        return (await db.update(alarms).set({ acknowledgedAt: at, acknowledgedBy: by, note }).where(and(eq(alarms.id, id), eq(alarms.state, 'firing'))).returning({ id: alarms.id })).length === 1
      },
      async count() {
        const [row] = rowsOf<{ warning: number, critical: number, unacknowledged: number }>(await db.execute(sql`
          select count(*) filter (where severity = 'warning')::int as warning, count(*) filter (where severity = 'critical')::int as critical, count(*) filter (where acknowledged_at is null)::int as unacknowledged from alarms where state = 'firing'`))
        return row ?? { warning: 0, critical: 0, unacknowledged: 0 }
      },
      async forgetBefore(moment, atMost) {
        await db.execute(sql`delete from alarms where id = any(array(select id from alarms where state = 'resolved' and fired_at < ${moment.toISOString()}::timestamptz order by fired_at limit ${atMost}))`)
      },
    } satisfies AlarmStore,

    house: {
      async state(now): Promise<HouseState> {
        const dayAgo = sql`${now.toISOString()}::timestamptz - interval '1 day'`
        const kept = await db.select({ id: connections.id, name: connections.name, kind: connections.kind, maintenance: connections.maintenance, healthy: connections.healthy, healthSince: connections.healthSince, checkedAt: connections.checkedAt, answeredAt: connections.answeredAt, problem: connections.problem }).from(connections).orderBy(asc(connections.name)).limit(500)
        const panels = await db.select({ connectionId: panelServers.connectionId, connectionName: connections.name, hostname: panelServers.hostname, load: panelServers.load, diskUsed: panelServers.diskUsed, diskTotal: panelServers.diskTotal, accounts: panelServers.accounts, maxAccounts: panelServers.maxAccounts, observedAt: panelServers.observedAt })
          .from(panelServers).innerJoin(connections, eq(connections.id, panelServers.connectionId)).orderBy(asc(connections.name)).limit(500)
        // Two counts of failures, as the overview has them: what stands in error, and what failed for good without leaving its machine in error.
        const [row] = rowsOf<{ running: number, waiting: number, failed: number, queued: number, oldest: string | Date | null, refused: number }>(await db.execute(sql`
          select (select count(*)::int from sagas where status = 'running') as running, (select count(*)::int from sagas where status = 'waiting') as waiting,
            (select count(*)::int from resources where status = 'error') + (select count(*)::int from sagas where status = 'failed' and kind in (${failingAlone}) and reason is distinct from 'cancelled' and finished_at > ${dayAgo}) as failed,
            (select count(*)::int from mails where status = 'queued') as queued, (select min(created_at) from mails where status = 'queued') as oldest, (select count(*)::int from mails where status = 'failed' and created_at > ${dayAgo}) as refused`))
        return { connections: kept, panels, sagas: { running: row?.running ?? 0, waiting: row?.waiting ?? 0, failed: row?.failed ?? 0 }, mails: { queued: row?.queued ?? 0, oldestAt: toDate(row?.oldest), failed: row?.refused ?? 0 } }
      },
    } satisfies HouseReads,

    nodeMachines: {
      async list({ connectionId, node, order, page, pageSize }) {
        const by = order === 'cpu' ? sql`r.cpu * coalesce((s.spec->>'cpuCores')::float8, 1)` : sql`r.memory_used_mi_b`
        type Row = Omit<NodeMachine, 'observedAt'> & { observedAt: string | Date | null, total: number }
        const rows = rowsOf<Row>(await db.execute(sql`
          select s.id as "serviceId", s.hostname, u.name as "clientName", r.vmid, r.power, r.cpu, coalesce((s.spec->>'cpuCores')::int, 0) as "cpuCores", r.memory_used_mi_b as "memoryUsedMiB", r.memory_total_mi_b as "memoryTotalMiB", r.observed_at as "observedAt", count(*) over ()::int as total
          from resources r join services s on s.id = r.service_id join users u on u.id = s.client_id
          where r.connection_id = ${connectionId} and r.node = ${node} and r.status not in ('none', 'destroyed') order by ${by} desc nulls last, s.id limit ${pageSize} offset ${(page - 1) * pageSize}`))
        return { items: rows.map(({ total: _, observedAt, ...row }) => ({ ...row, observedAt: toDate(observedAt) })), total: rows[0]?.total ?? 0, page, pageSize }
      },
    } satisfies NodeMachineStore,
  }
}
