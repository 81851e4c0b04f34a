import { and, asc, inArray, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { BackedUpKind, BackupAttempt, BackupGapFacts, BackupGapStore } from '#server/provisioning/backup-gap-ports.ts'
import type { BackupRow } from '#server/provisioning/backup-ports.ts'
import { heldBackupStates } from '#shared/vocabulary/machines.ts'
import type { Executor } from '../client.ts'
import { rowsOf } from '../rows-of.ts'
import { machineBackups } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import { unnested } from '../unnested.ts'
import { toDate } from './service-pages.ts'

const moment = (at: Date) => sql`${at.toISOString()}::timestamptz`
/** A machine or account that is there, by the books. */
const there = sql`s.status in ('active', 'past_due', 'suspended') and r.status in ('ready', 'stopped_by_policy', 'error') and (k.kind = 'vps' and r.vmid is not null or k.kind = 'hosting' and a.birth is not null)`
/** `n.at`: of the newest backup that can be restored from here. A panel tells days: counted to their end, so that none counts as older than it is. */
const living = sql`
  from services s join products k on k.id = s.product_id join resources r on r.service_id = s.id join connections c on c.id = r.connection_id left join hosting_accounts a on a.service_id = s.id
    left join lateral (
      select b.made_at as at from machine_backups b join connections l on l.id = b.connection_id and l.backup_storage = b.storage where k.kind = 'vps' and b.service_id = s.id and b.state = 'ready' order by b.made_at desc limit 1
    ) n on true`
const newest = sql`case when k.kind = 'vps' then n.at else (a.backup_on::date + 1)::timestamp at time zone 'UTC' end`
/** Since when there is what would be backed up: it was built, built anew or taken over then. */
const since = sql`coalesce((select max(t.at) from transitions t where t.entity = 'resource' and t.entity_id = s.id and t."to" = 'ready' and t."from" in ('none', 'provisioning', 'unlinked')), s.created_at)`
const isHeld = inArray(machineBackups.state, [...heldBackupStates])

type GapRow = Omit<BackupGapFacts, 'newestAt' | 'readAt' | 'since' | 'schedule'> & Record<'newestAt' | 'readAt' | 'nextAt', string | Date | null> & { readonly since: string | Date, readonly failures: number | null, readonly problem: string | null, readonly total: number }
function toFacts({ total: _, nextAt, failures, problem, ...row }: GapRow): BackupGapFacts {
  const next = toDate(nextAt)
  return { ...row, newestAt: toDate(row.newestAt), readAt: toDate(row.readAt), since: new Date(row.since), schedule: next && { nextAt: next, failures: failures ?? 0, problem } }
}
type AttemptRow = Omit<BackupAttempt, 'task' | 'backup' | 'held'> & { readonly task: BackupAttempt['task'], readonly backup: BackupAttempt['backup'] }

export function backupGapStores(db: Executor) {
  return {
    backupGaps: {
      async unbacked({ q, kind, sold, before, page, pageSize }) {
        const conditions: SQL[] = [there, sql`coalesce(${newest}, '-infinity') < ${moment(before)}`]
        if (kind) conditions.push(sql`k.kind = ${kind}`)
        if (sold !== undefined) conditions.push(sold ? sql`k.kind = 'vps' and k.backups_included > 0` : sql`k.kind = 'vps' and k.backups_included = 0`)
        if (q) conditions.push(sql`(s.hostname ilike ${containing(q)} or u.name ilike ${containing(q)} or u.email ilike ${containing(q)})`)
        // What is told of each is looked up for the page alone.
        const found = await db.execute(sql`
          with page as (
            select s.id, ${newest} as newest, count(*) over ()::int as total ${living} ${q ? sql`join users u on u.id = s.client_id` : sql``}
            where ${sql.join(conditions, sql` and `)} order by newest nulls first, s.hostname, s.id limit ${pageSize} offset ${(page - 1) * pageSize}
          )
          select s.id as "serviceId", s.hostname, u.id as "clientId", u.name as "clientName", s.product_name as "productName", k.kind, s.status, r.status as "resourceStatus", c.id as "connectionId", c.name as "connectionName", c.kind as "connectionKind", r.node,
            n.at as "newestAt", a.backup_on as "newestOn", a.backups_read_at as "readAt", ${since} as since, k.backups_included as included, k.backup_schedule as "mayBeScheduled", c.backup_storage as storage, p.next_at as "nextAt", p.failures, p.problem,
            (select count(*)::int from machine_backups b where b.service_id = s.id and b.state in ('running', 'ready')) as held,
            (select case when b.state = 'failed' then coalesce(b.problem, '') end from machine_backups b where b.service_id = s.id order by b.started_at desc, b.id desc limit 1) as "lastProblem",
            (select g.kind from sagas g where g.service_id = s.id and g.status in ('running', 'waiting')) as "openSaga", page.total
          ${living} join page on page.id = s.id join users u on u.id = s.client_id left join backup_schedules p on p.service_id = s.id
          order by page.newest nulls first, s.hostname, s.id`)
        const rows = rowsOf<GapRow>(found)
        return { items: rows.map(toFacts), total: rows[0]?.total ?? 0, page, pageSize }
      },
      async countUnbacked({ before, readAfter }) {
        // By kind, so that the moment since when is looked up in one place, and of those alone that have no backup at all.
        const found = await db.execute(sql`
          select k.kind, count(*)::int as seen, count(*) filter (where a.backups_read_at > ${moment(readAfter)})::int as told,
            count(*) filter (where (k.kind = 'vps' or a.backups_read_at > ${moment(readAfter)}) and coalesce(${newest}, '-infinity') < ${moment(before)} and (${newest} is not null or ${since} < ${moment(before)}))::int as late
          ${living} where ${there} and s.status in ('active', 'past_due') and r.status = 'ready' and not c.maintenance and (k.kind = 'hosting' or k.backups_included > 0) group by k.kind`)
        const counts = rowsOf<{ kind: BackedUpKind, seen: number, told: number, late: number }>(found)
        const accounts = counts.find(({ kind }) => kind === 'hosting')
        return { machines: counts.find(({ kind }) => kind === 'vps')?.late ?? 0, accounts: accounts ? accounts.told === 0 ? null : accounts.late : 0 }
      },
      async keepNewest(connectionId, told, at) {
        for (let from = 0; from < told.length; from += 5000) {
          await db.execute(sql`
            update hosting_accounts a set backup_on = v.day, backups_read_at = ${moment(at)} from ${unnested(told.slice(from, from + 5000), { birth: ['text', row => row.birth], day: ['text', row => row.date] })}, resources r
            where r.service_id = a.service_id and r.connection_id = ${connectionId} and a.birth = v.birth and not a.released`)
        }
      },
      async attempts(serviceIds) {
        if (serviceIds.length === 0) return new Map()
        const found = await db.execute(sql`
          select s.id as "serviceId", s.status, coalesce(r.status, 'none') as "resourceStatus", k.backups_included as included, r.ownership_mark as "ownershipMark", r.connection_id as "connectionId", coalesce(c.backup_storage, '') as storage,
            case when g.kind is not null then json_build_object('kind', g.kind, 'action', g.action, 'status', g.status, 'reason', g.reason) end as task,
            case when b.id is not null then json_build_object('id', b.id, 'origin', b.origin, 'state', b.state, 'ownershipMark', b.ownership_mark, 'connectionId', b.connection_id, 'storage', b.storage) end as backup
          from services s join products k on k.id = s.product_id left join resources r on r.service_id = s.id left join connections c on c.id = r.connection_id
            left join lateral (select g.kind, g.action, g.status, g.reason, g.state from sagas g where g.service_id = s.id order by g.started_at desc, g.id desc limit 1) g on true
            left join machine_backups b on b.id = case when g.kind = 'backup' and g.action = 'create' then (g.state->'memory'->'backup'->>'id')::uuid end
          where s.id in (${sql.join(serviceIds.map(id => sql`${id}`), sql`, `)})`)
        const held: BackupRow[] = await db.select().from(machineBackups).where(and(inArray(machineBackups.serviceId, [...serviceIds]), isHeld)).orderBy(asc(machineBackups.startedAt), asc(machineBackups.id))
        return new Map(rowsOf<AttemptRow>(found).map(row => [row.serviceId, { ...row, held: held.filter(({ serviceId }) => serviceId === row.serviceId) }]))
      },
    } satisfies BackupGapStore,
  }
}
