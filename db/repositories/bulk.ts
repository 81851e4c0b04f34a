import { and, asc, count, desc, eq, gt, inArray, lte, ne, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { BegunItem, BulkCandidate, BulkCounts, BulkItemRow, BulkItemView, BulkRequestRow, BulkStore, DueItem } from '#server/provisioning/bulk-ports.ts'
import type { Executor } from '../client.ts'
import { insertRows } from '../insert-rows.ts'
import { rowsOf } from '../rows-of.ts'
import { reachedNodesOf } from './networks.ts'
import { bulkItems, bulkRequests, users } from '../schema/index.ts'

const asker = alias(users, 'asker')
const decider = alias(users, 'decider')
const own = (item: { readonly requestId: string, readonly position: number }) => and(eq(bulkItems.requestId, item.requestId), eq(bulkItems.position, item.position))
const itemColumns = { requestId: bulkItems.requestId, position: bulkItems.position, serviceId: bulkItems.serviceId, status: bulkItems.status, hostname: bulkItems.hostname, wasStatus: bulkItems.wasStatus, wasResource: bulkItems.wasResource, wasPower: bulkItems.wasPower, wasNode: bulkItems.wasNode, targetNode: bulkItems.targetNode, reason: bulkItems.reason, sagaId: bulkItems.sagaId, begunAt: bulkItems.begunAt, finishedAt: bulkItems.finishedAt, tries: bulkItems.tries }

export function bulkStores(db: Executor) {
  const requests = async (where: SQL | undefined, limit: number, offset = 0, newestFirst = true): Promise<BulkRequestRow[]> => {
    const rows = await db.select({ request: bulkRequests, asker: { name: asker.name, role: asker.role }, decider: decider.name }).from(bulkRequests).innerJoin(asker, eq(asker.id, bulkRequests.askedBy)).leftJoin(decider, eq(decider.id, bulkRequests.decidedBy))
      .where(where).orderBy(...(newestFirst ? [desc(bulkRequests.askedAt), desc(bulkRequests.id)] : [asc(bulkRequests.askedAt), asc(bulkRequests.id)])).limit(limit).offset(offset)
    return rows.map(({ request: { askedBy, decidedBy, ...request }, ...names }) => ({ ...request, askedBy: { id: askedBy, ...names.asker }, decidedBy: decidedBy === null ? null : { id: decidedBy, name: names.decider ?? '' } }))
  }
  const countsOf = async (ids: readonly string[]): Promise<ReadonlyMap<string, BulkCounts>> => {
    if (ids.length === 0) return new Map()
    const rows = await db.select({ id: bulkItems.requestId, status: bulkItems.status, n: count() }).from(bulkItems).where(inArray(bulkItems.requestId, [...ids])).groupBy(bulkItems.requestId, bulkItems.status)
    return new Map([...Map.groupBy(rows, row => row.id)].map(([id, own]) => [id, Object.fromEntries(own.map(({ status, n }) => [status, n]))]))
  }
  return {
    bulk: {
      async candidates(serviceIds) {
        if (serviceIds.length === 0) return []
        const found = await db.execute(sql`
          select s.id as "serviceId", s.client_id as "clientId", u.name as "clientName", s.hostname, s.status, k.kind as "productKind", coalesce(t.machine_type, 'vm') as "machineType", s.spec, k.placement_policy as policy, coalesce(r.status, 'none') as "resourceStatus", coalesce(r.power, 'unknown') as power,
            r.connection_id as "connectionId", c.name as "connectionName", c.kind as "connectionKind", r.node, coalesce(${reachedNodesOf('ap')}, '[]') as "servedNodes", (select g.kind from sagas g where g.service_id = s.id and g.status in ('running', 'waiting')) as "openSaga",
            (select case when g.reason = 'cancelled' then 'called_off' else g.status end from sagas g where g.service_id = s.id order by g.started_at desc, g.id desc limit 1) as newest, k.backups_included as "backupsIncluded", (select count(*)::int from machine_backups b where b.service_id = s.id and b.state in ('running', 'ready')) as "backupsHeld", coalesce(c.backup_storage, '') as "backupStorage"
          from services s join users u on u.id = s.client_id join products k on k.id = s.product_id left join templates t on t.id = s.template_id left join resources r on r.service_id = s.id left join connections c on c.id = r.connection_id left join addresses a on a.service_id = s.id and a.ordinal = 0 left join address_pools ap on ap.id = a.pool_id
          where s.id in (select value::uuid from jsonb_array_elements_text(${JSON.stringify(serviceIds)}::jsonb)) order by s.hostname, s.id`)
        return rowsOf<BulkCandidate>(found)
      },
      async onNode(connectionId, node, limit) {
        const found = await db.execute(sql`select r.service_id as id from resources r where r.connection_id = ${connectionId} and r.node = ${node} and r.status not in ('none', 'destroyed', 'unlinked') order by r.service_id limit ${limit}`)
        return rowsOf<{ id: string }>(found).map(row => row.id)
      },
      async insert(request, items) {
        await db.insert(bulkRequests).values({ ...request, status: 'asked' })
        await insertRows(db, bulkItems, items.map((item, i) => ({ ...item, requestId: request.id, position: i + 1 })))
      },
      find: async id => (await requests(eq(bulkRequests.id, id), 1))[0] ?? null,
      async lock(id) {
        await db.select({ id: bulkRequests.id }).from(bulkRequests).where(eq(bulkRequests.id, id)).for('no key update')
        return (await requests(eq(bulkRequests.id, id), 1))[0] ?? null
      },
      async list({ status, awaiting, page, pageSize }) {
        const where = awaiting ? and(eq(bulkRequests.status, 'asked'), ne(bulkRequests.askedBy, awaiting.except), gt(bulkRequests.expiresAt, awaiting.now)) : status ? eq(bulkRequests.status, status) : undefined
        const items = await requests(where, pageSize, (page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(bulkRequests).where(where)
        const counts = await countsOf(items.map(({ id }) => id))
        return { items: items.map(request => ({ ...request, counts: counts.get(request.id) ?? {} })), total: counted?.total ?? 0, page, pageSize }
      },
      counts: async requestId => (await countsOf([requestId])).get(requestId) ?? {},
      async items({ requestId, status, page, pageSize }) {
        const where = and(eq(bulkItems.requestId, requestId), status ? eq(bulkItems.status, status) : undefined)
        const found = await db.select({ ...itemColumns, clientName: sql<string>`coalesce((select u.name from services s join users u on u.id = s.client_id where s.id = ${bulkItems.serviceId}), '')`, sagaKind: sql<BulkItemView['sagaKind']>`(select g.kind from sagas g where g.id = ${bulkItems.sagaId})`, sagaStatus: sql<BulkItemView['sagaStatus']>`(select g.status from sagas g where g.id = ${bulkItems.sagaId})` })
          .from(bulkItems).where(where).orderBy(asc(bulkItems.position)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(bulkItems).where(where)
        return { items: found, total: counted?.total ?? 0, page, pageSize }
      },
      waiting: async (requestId): Promise<BulkItemRow[]> => db.select(itemColumns).from(bulkItems).where(and(eq(bulkItems.requestId, requestId), eq(bulkItems.status, 'waiting'))).orderBy(asc(bulkItems.position)),
      async move(id, to) {
        await db.update(bulkRequests).set(to).where(eq(bulkRequests.id, id))
      },
      async leaveOut(requestId, items, at) {
        if (items.length === 0) return
        await db.execute(sql`update bulk_items i set status = 'left_out', reason = v.reason, finished_at = ${at.toISOString()}::timestamptz from jsonb_to_recordset(${JSON.stringify(items)}::jsonb) as v(position int, reason text) where i.request_id = ${requestId} and i.position = v.position and i.status = 'waiting'`)
      },
      async stopWaiting(requestId, at) {
        await db.update(bulkItems).set({ status: 'stopped', finishedAt: at }).where(and(eq(bulkItems.requestId, requestId), eq(bulkItems.status, 'waiting')))
      },
      async approvers(except) {
        const [row] = await db.select({ n: count() }).from(users).where(and(inArray(users.role, ['sysadmin', 'owner']), sql`${users.emailVerifiedAt} is not null`, ne(users.id, except)))
        return row?.n ?? 0
      },

      async expire(now) {
        return (await db.update(bulkRequests).set({ status: 'expired', finishedAt: now }).where(and(eq(bulkRequests.status, 'asked'), lte(bulkRequests.expiresAt, now))).returning({ id: bulkRequests.id })).length
      },
      running: limit => requests(eq(bulkRequests.status, 'running'), limit, 0, false),
      async due(requestId, wallNow) {
        const found = await db.execute(sql`
          select i.request_id as "requestId", i.position, i.service_id as "serviceId", i.hostname, i.was_status as "wasStatus", i.was_resource as "wasResource", i.was_node as "wasNode", i.target_node as "targetNode", i.tries, coalesce(r.connection_id::text, '') as "connectionId", coalesce(r.node, '') as node
          from bulk_items i left join resources r on r.service_id = i.service_id where i.request_id = ${requestId} and i.status = 'waiting' and (i.next_at is null or i.next_at <= ${wallNow.toISOString()}::timestamptz) order by i.position`)
        return rowsOf<DueItem>(found)
      },
      async underWay() {
        const found = await db.execute(sql`select coalesce(r.connection_id::text, '') as connection, coalesce(r.node, '') as node, count(*)::int as n from bulk_items i left join resources r on r.service_id = i.service_id where i.status = 'begun' group by 1, 2`)
        return new Map(rowsOf<{ connection: string, node: string, n: number }>(found).map(({ connection, node, n }) => [`${connection} ${node}`, n]))
      },
      async begun(limit) {
        // What billing was told to do has a task of its own, which begins a moment later: the newest of its kind since then.
        const found = await db.execute(sql`
          select i.request_id as "requestId", i.position, q.act, g.id as "sagaId", g.status as saga, g.reason as "sagaReason", s.status as service, s.resume_requested_at is not null as resumable, r.status as resource
          from bulk_items i join bulk_requests q on q.id = i.request_id join services s on s.id = i.service_id left join resources r on r.service_id = i.service_id
            left join lateral (select g.id, g.status, g.reason from sagas g where case when i.saga_id is not null then g.id = i.saga_id else g.service_id = i.service_id and g.kind = q.act and g.started_at >= i.begun_at end order by g.started_at desc, g.id desc limit 1) g on true
          where i.status = 'begun' order by i.begun_at, i.request_id, i.position limit ${limit}`)
        return rowsOf<BegunItem>(found)
      },
      async settle(items, at) {
        if (items.length === 0) return
        await db.execute(sql`update bulk_items i set status = v.status, reason = v.reason, saga_id = v.saga, finished_at = ${at.toISOString()}::timestamptz from jsonb_to_recordset(${JSON.stringify(items.map(({ sagaId, requestId, ...item }) => ({ ...item, saga: sagaId, request: requestId })))}::jsonb) as v(request uuid, position int, status text, reason text, saga uuid) where i.request_id = v.request and i.position = v.position and i.status = 'begun'`)
      },
      async claim(item) {
        const [request] = await db.select({ status: bulkRequests.status }).from(bulkRequests).where(eq(bulkRequests.id, item.requestId)).for('no key update')
        if (request?.status !== 'running') return false
        const [row] = await db.select({ status: bulkItems.status }).from(bulkItems).where(own(item)).for('update')
        return row?.status === 'waiting'
      },
      async setBegun(item, { sagaId, at }) {
        await db.update(bulkItems).set({ status: 'begun', sagaId, begunAt: at, reason: null }).where(own(item))
      },
      async giveUp(item, { status, reason, at }) {
        await db.update(bulkItems).set({ status, reason, finishedAt: at }).where(and(own(item), eq(bulkItems.status, 'waiting')))
      },
      async postpone(item, { reason, nextAt }) {
        await db.update(bulkItems).set({ reason, nextAt, tries: sql`${bulkItems.tries} + 1` }).where(and(own(item), eq(bulkItems.status, 'waiting')))
      },
      async isOver(requestId) {
        const [row] = await db.select({ position: bulkItems.position }).from(bulkItems).where(and(eq(bulkItems.requestId, requestId), inArray(bulkItems.status, ['waiting', 'begun']))).limit(1)
        return row === undefined
      },
    } satisfies BulkStore,
  }
}
