import { and, asc, count, desc, eq, gt, ilike, inArray, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { ArchiveRow, BackupRow, BackupStore, BackupTerms, BackupUsage, DueSchedule, RebuildTarget, ScheduleRow } from '#server/provisioning/backup-ports.ts'
import type { Executor } from '../client.ts'
import { backupSchedules, connections, machineBackups, services, users } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import { rowsOf } from '../rows-of.ts'
import { toDate } from './service-pages.ts'

const toSchedule = ({ serviceId, frequency, weekday, hour, nextAt, failures, problem }: typeof backupSchedules.$inferSelect): ScheduleRow => ({ serviceId, frequency, weekday, hour, nextAt, failures, problem })
const serviceOf = { serviceId: services.id, hostname: services.hostname, clientId: users.id, clientName: users.name }
const held = sql`b.state in ('running', 'ready')`

export function backupStores(db: Executor) {
  const find = async (where: SQL | undefined): Promise<BackupRow[]> => db.select().from(machineBackups).where(where).orderBy(asc(machineBackups.startedAt), asc(machineBackups.id)).limit(200)
  const pageOf = <T>(items: T[], total: number | undefined, { page, pageSize }: { page: number, pageSize: number }) => ({ items, total: total ?? 0, page, pageSize })
  const archives = async (where: SQL | undefined, limit: number, offset: number): Promise<ArchiveRow[]> => {
    const rows = await db.select({ backup: machineBackups, ...serviceOf, status: services.status, endedAt: services.endedAt, connectionName: connections.name, connectionKind: connections.kind, storageNow: connections.backupStorage }).from(machineBackups)
      .innerJoin(services, eq(services.id, machineBackups.serviceId)).innerJoin(users, eq(users.id, services.clientId)).innerJoin(connections, eq(connections.id, machineBackups.connectionId))
      .where(where).orderBy(desc(machineBackups.startedAt), desc(machineBackups.id)).limit(limit).offset(offset)
    return rows.map(({ backup, storageNow, ...more }) => ({ ...backup, ...more, kept: backup.storage !== '' && backup.storage === storageNow }))
  }
  return {
    backups: {
      async terms(serviceId) {
        const found = await db.execute(sql`
          select s.client_id as "clientId", s.hostname, s.status, s.ended_at as "endedAt", k.backups_included as included, k.backup_schedule as "mayBeScheduled", r.connection_id as "connectionId", c.kind as "connectionKind", coalesce(c.backup_storage, '') as storage
          from services s join products k on k.id = s.product_id left join resources r on r.service_id = s.id left join connections c on c.id = r.connection_id where s.id = ${serviceId}`)
        const row = rowsOf<BackupTerms>(found)[0]
        return row ? { ...row, endedAt: toDate(row.endedAt) } : null
      },
      async list({ serviceId, page, pageSize }) {
        const where = and(eq(machineBackups.serviceId, serviceId), ne(machineBackups.state, 'deleted'))
        const items = await db.select().from(machineBackups).where(where).orderBy(desc(machineBackups.startedAt), desc(machineBackups.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(machineBackups).where(where)
        return pageOf(items, counted?.total, { page, pageSize })
      },
      inStates: (serviceId, states) => find(and(eq(machineBackups.serviceId, serviceId), inArray(machineBackups.state, [...states]))),
      find: async id => (await find(eq(machineBackups.id, id)))[0] ?? null,
      async insert(row, at) {
        await db.insert(machineBackups).values({ ...row, state: 'running', startedAt: at })
      },
      async move(id, from, to) {
        return (await db.update(machineBackups).set(to).where(and(eq(machineBackups.id, id), inArray(machineBackups.state, [...from]))).returning({ id: machineBackups.id })).length > 0
      },

      async schedule(serviceId) {
        const [row] = await db.select().from(backupSchedules).where(eq(backupSchedules.serviceId, serviceId))
        return row ? toSchedule(row) : null
      },
      async setSchedule(serviceId, schedule, at) {
        if (!schedule) {
          await db.delete(backupSchedules).where(eq(backupSchedules.serviceId, serviceId))
          return
        }
        const values = { ...schedule, failures: 0, told: false, problem: null, changedAt: at }
        await db.insert(backupSchedules).values({ serviceId, ...values }).onConflictDoUpdate({ target: backupSchedules.serviceId, set: values })
      },
      async due(now, limit) {
        const found = await db.execute(sql`
          select p.service_id as "serviceId", p.frequency, p.weekday, p.hour, p.next_at as "nextAt", p.failures, p.problem, r.connection_id as "connectionId", r.node, k.backups_included as included
          from backup_schedules p join services s on s.id = p.service_id join products k on k.id = s.product_id join resources r on r.service_id = s.id join connections c on c.id = r.connection_id
          where p.next_at <= ${now.toISOString()}::timestamptz and s.status in ('active', 'past_due') and r.status = 'ready' and r.node is not null and k.backup_schedule and k.backups_included > 0 and c.backup_storage <> '' and not c.maintenance
            and not exists (select 1 from sagas g where g.service_id = s.id and g.status in ('running', 'waiting'))
          order by p.next_at, p.service_id limit ${limit}`)
        return rowsOf<DueSchedule>(found).map(row => ({ ...row, nextAt: new Date(row.nextAt) }))
      },
      async underWay() {
        const found = await db.execute(sql`select r.connection_id as connection, r.node, count(*)::int as n from sagas g join resources r on r.service_id = g.service_id where g.kind = 'backup' and g.action = 'create' and g.status in ('running', 'waiting') and r.connection_id is not null and r.node is not null group by r.connection_id, r.node`)
        return new Map(rowsOf<{ connection: string, node: string, n: number }>(found).map(({ connection, node, n }) => [`${connection} ${node}`, n]))
      },
      async setNext(serviceId, nextAt) {
        await db.update(backupSchedules).set({ nextAt }).where(eq(backupSchedules.serviceId, serviceId))
      },
      async noteFailure(serviceId, problem) {
        await db.update(backupSchedules).set({ failures: sql`${backupSchedules.failures} + 1`, problem }).where(eq(backupSchedules.serviceId, serviceId))
      },
      async noteSuccess(serviceId) {
        await db.update(backupSchedules).set({ failures: 0, told: false, problem: null }).where(eq(backupSchedules.serviceId, serviceId))
      },
      async takeUntold(limit) {
        const rows = await db.select({ ...serviceOf, product: services.productName, problem: backupSchedules.problem, clientEmail: users.email, locale: users.locale }).from(backupSchedules).innerJoin(services, eq(services.id, backupSchedules.serviceId)).innerJoin(users, eq(users.id, services.clientId))
          .where(and(gt(backupSchedules.failures, 0), eq(backupSchedules.told, false))).orderBy(asc(backupSchedules.serviceId)).limit(limit).for('update', { of: backupSchedules, skipLocked: true })
        if (rows.length > 0) await db.update(backupSchedules).set({ told: true }).where(inArray(backupSchedules.serviceId, rows.map(row => row.serviceId)))
        return rows.map(row => ({ ...row, problem: row.problem ?? '' }))
      },
      async expired(endedBefore, limit) {
        const rows = await db.select({ backup: machineBackups }).from(machineBackups).innerJoin(services, eq(services.id, machineBackups.serviceId)).innerJoin(connections, and(eq(connections.id, machineBackups.connectionId), eq(connections.backupStorage, machineBackups.storage)))
          .where(and(inArray(machineBackups.state, ['running', 'ready']), eq(services.status, 'ended'), sql`${services.endedAt} < ${endedBefore.toISOString()}::timestamptz`, sql`not exists (select 1 from sagas g where g.status in ('running', 'waiting') and g.kind = 'rebuild' and g.state->'memory'->'rebuild'->>'backupId' = ${machineBackups.id}::text)`)).orderBy(asc(machineBackups.startedAt)).limit(limit)
        return rows.map(row => row.backup)
      },

      archive: async id => (await archives(eq(machineBackups.id, id), 1, 0))[0] ?? null,
      async held({ q, page, pageSize }) {
        const ready = eq(machineBackups.state, 'ready')
        const where = q ? and(ready, or(ilike(services.hostname, containing(q)), ilike(users.name, containing(q)), ilike(users.email, containing(q)))) : ready
        const [counted] = await db.select({ total: count() }).from(machineBackups).innerJoin(services, eq(services.id, machineBackups.serviceId)).innerJoin(users, eq(users.id, services.clientId)).where(where)
        return pageOf(await archives(where, pageSize, (page - 1) * pageSize), counted?.total, { page, pageSize })
      },
      async targets({ clientId, serviceId, page, pageSize }) {
        const where = sql`s.client_id = ${clientId} and k.kind = 'vps' and s.status <> 'ended'${serviceId === undefined ? sql`` : sql` and s.id = ${serviceId}`}`
        const found = await db.execute(sql`
          select s.id as "serviceId", s.hostname, s.product_name as "productName", s.status, coalesce(r.status, 'none') as "resourceStatus", (select g.kind from sagas g where g.service_id = s.id and g.status in ('running', 'waiting')) as "openSaga",
            (s.spec->>'diskGiB')::float8 as "diskGiB", t.machine_type as "machineType", r.connection_id as "connectionId", r.ownership_mark as "ownershipMark", exists (select 1 from paid_periods p where p.service_id = s.id) as paid
          from services s join products k on k.id = s.product_id left join resources r on r.service_id = s.id left join templates t on t.id = s.template_id where ${where}
          order by (coalesce(r.status, 'none') = 'ready'), s.hostname, s.id limit ${pageSize} offset ${(page - 1) * pageSize}`)
        const counted = await db.execute(sql`select count(*)::int as n from services s join products k on k.id = s.product_id where ${where}`)
        return pageOf(rowsOf<RebuildTarget>(found), rowsOf<{ n: number }>(counted)[0]?.n, { page, pageSize })
      },

      async usage({ q, order, page, pageSize }) {
        const where = q ? sql`${held} and (u.name ilike ${containing(q)} or u.email ilike ${containing(q)})` : held
        const groups = sql`from machine_backups b join services s on s.id = b.service_id join users u on u.id = s.client_id join connections c on c.id = b.connection_id where ${where} group by u.id, c.id, b.storage`
        const by = { bytes: sql`bytes desc, u.name`, backups: sql`backups desc, u.name`, client: sql`u.name` }[order]
        const found = await db.execute(sql`select u.id as "clientId", u.name as "clientName", c.id as "connectionId", c.name as "connectionName", b.storage, count(distinct s.id)::int as services, count(*)::int as backups, coalesce(sum(b.size_bytes), 0)::float8 as bytes, max(b.made_at) as "newestAt" ${groups} order by ${by}, u.id, c.id, b.storage limit ${pageSize} offset ${(page - 1) * pageSize}`)
        const counted = await db.execute(sql`select count(*)::int as n from (select 1 ${groups}) all_groups`)
        return pageOf(rowsOf<BackupUsage>(found).map(row => ({ ...row, bytes: Number(row.bytes), newestAt: toDate(row.newestAt) })), rowsOf<{ n: number }>(counted)[0]?.n, { page, pageSize })
      },
      async totals() {
        const found = await db.execute(sql`select (select count(*)::int from machine_backups b where ${held}) as backups, (select coalesce(sum(b.size_bytes), 0)::float8 from machine_backups b where ${held}) as bytes, (select count(*)::int from backup_schedules where failures > 0) as failed, (select count(*)::int from backup_schedules) as schedules`)
        const row = rowsOf<{ backups: number, bytes: number, failed: number, schedules: number }>(found)[0]
        return { backups: row?.backups ?? 0, bytes: Number(row?.bytes ?? 0), failed: row?.failed ?? 0, schedules: row?.schedules ?? 0 }
      },
      async schedules({ failing, page, pageSize }) {
        const where = failing ? gt(backupSchedules.failures, 0) : undefined
        const rows = await db.select({ schedule: backupSchedules, ...serviceOf }).from(backupSchedules).innerJoin(services, eq(services.id, backupSchedules.serviceId)).innerJoin(users, eq(users.id, services.clientId)).where(where).orderBy(asc(backupSchedules.nextAt), asc(backupSchedules.serviceId)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(backupSchedules).where(where)
        return pageOf(rows.map(({ schedule, ...service }) => ({ ...toSchedule(schedule), ...service })), counted?.total, { page, pageSize })
      },
      async failed({ page, pageSize }) {
        const where = inArray(machineBackups.state, ['failed', 'gone'])
        const rows = await db.select({ backup: machineBackups, ...serviceOf }).from(machineBackups).innerJoin(services, eq(services.id, machineBackups.serviceId)).innerJoin(users, eq(users.id, services.clientId)).where(where).orderBy(desc(machineBackups.startedAt), desc(machineBackups.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(machineBackups).where(where)
        return pageOf(rows.map(({ backup, ...service }) => ({ ...backup, ...service })), counted?.total, { page, pageSize })
      },
    } satisfies BackupStore,
  }
}
