import { and, asc, count, desc, eq, ilike, inArray, lt, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { AddressBook, AddressPoolStore, ConnectionFields, ConnectionRecord, ConnectionStore, MachineObservations, NodeStore, TemplateStore } from '#server/infrastructure/ports.ts'
import type { Executor } from '../client.ts'
import { guarded } from '../guarded.ts'
import { insertRows } from '../insert-rows.ts'
import { isLowPool } from '../low-pool.ts'
import { addresses, addressPools, connectionHealthChanges, connections, nodes, packages, products, productTemplates, templates } from '../schema/index.ts'
import { byOffer, offerState } from '../offer-use.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'
import { unnested } from '../unnested.ts'
import { storageRefuses } from './capacity.ts'
import { allOf, extraSold, giveBack, hasRoomFor, nobodys, reserveExtra, sameNetwork, setLeavesFirst } from './extra-addresses.ts'
import { assignIpv6, blockIpv6, dropReservedIpv6, freeIpv6, hasLaterIpv6, releaseIpv6, reserveIpv6, reserveLaterIpv6 } from './ipv6.ts'
import { seenNodes, toNode } from './node-closures.ts'
import { networkStands, networksOfPools, networkStandsOf, poolsReaching, reachedNodesOf, unknownNetwork } from './networks.ts'
import { takeNamesAway, wantDefaultName } from './reverse-dns.ts'

const quarantineDays = 7

export function infrastructureStores(db: Executor, context: StoreContext) {
  const templateCount = db.select({ connectionId: templates.connectionId, n: count().as('template_count') }).from(templates).where(eq(templates.present, true)).groupBy(templates.connectionId).as('template_counts')
  const packageCount = sql<number>`(select count(*)::int from ${packages} where ${packages.connectionId} = ${connections.id} and ${packages.present})`
  const connectionRows = async (where: SQL | undefined, page?: { limit: number, offset: number }): Promise<ConnectionRecord[]> => {
    const query = db.select({ connection: connections, templateCount: templateCount.n, packageCount, serviceCount: sql<number>`(select count(*)::int from resources r where r.connection_id = ${connections.id} and r.status not in ('none', 'destroyed'))` })
      .from(connections).leftJoin(templateCount, eq(templateCount.connectionId, connections.id)).where(where).orderBy(asc(connections.name))
    const found = page ? await query.limit(page.limit).offset(page.offset) : await query
    return found.map(({ connection: { createdAt: _, healthSince: __, answeredAt: ___, ...connection }, templateCount, packageCount, serviceCount }) => ({ ...connection, templateCount: Number(templateCount ?? 0), packageCount: Number(packageCount), serviceCount: Number(serviceCount) }))
  }
  const usedBy: TemplateStore['usedBy'] = async ids => ids.length === 0
    ? new Map()
    : byOffer(await db.select({ offerId: productTemplates.templateId, id: products.id, name: products.name }).from(productTemplates).innerJoin(products, and(eq(products.id, productTemplates.productId), ne(products.status, 'retired'))).where(inArray(productTemplates.templateId, [...ids])).orderBy(asc(products.name), asc(products.id)))
  const columns = (fields: ConnectionFields) => ({ ...fields, nodes: [...fields.nodes] })
  const nameTaken = ({ constraint }: { constraint: string }) => constraint === 'connections_name' ? fieldError('name', 'name_taken') : null

  return {
    connections: {
      async list(filter) {
        const where = filter.q ? or(ilike(connections.name, containing(filter.q)), ilike(connections.url, containing(filter.q))) : undefined
        const items = await connectionRows(where, { limit: filter.pageSize, offset: (filter.page - 1) * filter.pageSize })
        const [counted] = await db.select({ total: count() }).from(connections).where(where)
        return { items, total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
      },
      all: () => connectionRows(undefined),
      find: async id => (await connectionRows(eq(connections.id, id)))[0] ?? null,
      async exists(id) {
        return (await db.select({ id: connections.id }).from(connections).where(eq(connections.id, id))).length > 0
      },
      async lock(id) {
        await db.select({ id: connections.id }).from(connections).where(eq(connections.id, id)).for('update')
        return (await connectionRows(eq(connections.id, id)))[0] ?? null
      },
      async insert(id, fields, tokenSecret, at) {
        await guarded(db.insert(connections).values({ id, ...columns(fields), tokenSecret, createdAt: at }).execute(), nameTaken)
      },
      async update(id, fields, tokenSecret) {
        await guarded(db.update(connections).set({ ...columns(fields), tokenSecret }).where(eq(connections.id, id)).execute(), nameTaken)
      },
      async remove(id) {
        await guarded(db.delete(connections).where(eq(connections.id, id)).execute(), ({ code }) => code === '23503' ? new AppError('connection_in_use') : null)
      },
      async recordHealth(id, health) {
        const [before] = await db.select({ healthy: connections.healthy }).from(connections).where(eq(connections.id, id)).for('no key update')
        if (!before) return
        if (before.healthy !== health.healthy) await db.insert(connectionHealthChanges).values({ id: context.newId(), connectionId: id, at: health.checkedAt, healthy: health.healthy, problem: health.problem })
        await db.update(connections).set({ healthy: health.healthy, problem: health.problem, checkedAt: health.checkedAt, filtersApply: health.filtersApply, healthSince: sql`case when ${connections.healthy} is not distinct from ${health.healthy} then coalesce(${connections.healthSince}, ${health.checkedAt.toISOString()}::timestamptz) else ${health.checkedAt.toISOString()}::timestamptz end`, ...(health.healthy ? { answeredAt: health.checkedAt } : {}), ...(health.version ? { version: health.version } : {}) }).where(eq(connections.id, id))
      },
      async listHealthChanges(id, { page, pageSize }) {
        const where = eq(connectionHealthChanges.connectionId, id)
        const items = await db.select({ at: connectionHealthChanges.at, healthy: connectionHealthChanges.healthy, problem: connectionHealthChanges.problem }).from(connectionHealthChanges).where(where).orderBy(desc(connectionHealthChanges.at), desc(connectionHealthChanges.id)).limit(pageSize).offset((page - 1) * pageSize)
        const [counted] = await db.select({ total: count() }).from(connectionHealthChanges).where(where)
        return { items, total: counted?.total ?? 0, page, pageSize }
      },
      async forgetHealthChangesBefore(moment) {
        await db.delete(connectionHealthChanges).where(lt(connectionHealthChanges.at, moment))
      },
    } satisfies ConnectionStore,

    remoteTemplates: {
      async list(filter) {
        const where = and(filter.q ? or(ilike(templates.name, containing(filter.q)), ilike(connections.name, containing(filter.q))) : undefined, offerState(filter.state, templates.present, sql`exists (select 1 from ${productTemplates} join ${products} on ${products.id} = ${productTemplates.productId} and ${products.status} <> 'retired' where ${productTemplates.templateId} = ${templates.id})`))
        const found = await db.select({ template: templates, connectionName: connections.name, connectionKind: connections.kind, refused: storageRefuses }).from(templates).innerJoin(connections, eq(connections.id, templates.connectionId)).where(where).orderBy(asc(connections.name), asc(templates.name), asc(templates.id)).limit(filter.pageSize).offset((filter.page - 1) * filter.pageSize)
        const [counted] = await db.select({ total: count() }).from(templates).innerJoin(connections, eq(connections.id, templates.connectionId)).where(where)
        const uses = await usedBy(found.map(({ template }) => template.id))
        return { items: found.map(({ template, connectionName, connectionKind, refused }) => ({ ...template, connectionName, connectionKind, refused, products: uses.get(template.id) ?? [] })), total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
      },
      usedBy,
      async forConnection(connectionId) {
        const found = await db.select({ template: templates, connectionName: connections.name, connectionKind: connections.kind }).from(templates).innerJoin(connections, eq(connections.id, templates.connectionId)).where(eq(templates.connectionId, connectionId)).orderBy(asc(templates.ref))
        return found.map(({ template, connectionName, connectionKind }) => ({ ...template, connectionName, connectionKind }))
      },
      async lock(id) {
        const [found] = await db.select({ template: templates, connectionName: connections.name, connectionKind: connections.kind }).from(templates).innerJoin(connections, eq(connections.id, templates.connectionId)).where(eq(templates.id, id)).for('no key update', { of: templates })
        return found ? { ...found.template, connectionName: found.connectionName, connectionKind: found.connectionKind } : null
      },
      async setIdentity(id, identity) {
        await db.update(templates).set({ identity }).where(eq(templates.id, id))
      },
      async save(connectionId, found, at) {
        if (found.length === 0) return
        await db.insert(templates).values(found.map(template => ({ ...template, id: context.newId(), connectionId, present: true, seenAt: at }))).onConflictDoUpdate({
          target: [templates.connectionId, templates.ref],
          set: { node: sql`excluded.node`, name: sql`excluded.name`, osFamily: sql`excluded.os_family`, username: sql`excluded.username`, diskGiB: sql.raw(`excluded.${'disk_gi_b'}`), machineType: sql`excluded.machine_type`, nodes: sql`excluded.nodes`, present: true, seenAt: at },
        })
      },
      async markVanished(ids) {
        if (ids.length > 0) await db.update(templates).set({ present: false }).where(inArray(templates.id, [...ids]))
      },
    } satisfies TemplateStore,

    nodes: {
      async list() {
        return (await seenNodes(db).orderBy(asc(connections.name), asc(nodes.node)).limit(500)).map(toNode)
      },
      async find(connectionId, name) {
        const [found] = await seenNodes(db).where(and(eq(nodes.connectionId, connectionId), eq(nodes.node, name)))
        return found ? toNode(found) : null
      },
      async record(connectionId, observed, at) {
        await db.delete(nodes).where(eq(nodes.connectionId, connectionId))
        await insertRows(db, nodes, observed.map(({ strain: _, ...node }) => ({ ...node, connectionId, observedAt: at })))
      },
    } satisfies NodeStore,

    machineObservations: {
      async record(connectionId, machines, at) {
        if (machines.length === 0) return
        await db.execute(sql`
          update resources r set power = v.power, cpu = v.cpu, memory_used_mi_b = v.used, memory_total_mi_b = v.total, uptime_seconds = v.uptime, node = v.node, observed_at = ${at.toISOString()}::timestamptz
          from ${unnested(machines, { mark: ['uuid', m => m.ownershipMark], vmid: ['int', m => m.vmid], node: ['text', m => m.node], power: ['text', m => m.power], cpu: ['float8', m => m.cpu], used: ['float8', m => m.memoryUsedMiB], total: ['float8', m => m.memoryTotalMiB], uptime: ['float8', m => m.uptimeSeconds] })}
          where r.ownership_mark = v.mark and r.vmid = v.vmid and r.connection_id = ${connectionId} and r.status in ('ready', 'stopped_by_policy')`)
      },
    } satisfies MachineObservations,

    addressPools: {
      async list(filter) {
        const where = and(filter.q ? or(ilike(addressPools.name, containing(filter.q)), ilike(connections.name, containing(filter.q))) : undefined, filter.low ? isLowPool(addressPools.id) : undefined, filter.lost ? sql`not (${networkStandsOf('address_pools')})` : undefined)
        const items = await pools(db, where, { limit: filter.pageSize, offset: (filter.page - 1) * filter.pageSize })
        const [counted] = await db.select({ total: count() }).from(addressPools).innerJoin(connections, eq(connections.id, addressPools.connectionId)).where(where)
        return { items, total: counted?.total ?? 0, page: filter.page, pageSize: filter.pageSize }
      },
      find: id => findPool(db, id),
      async insert(id, fields, list, at) {
        await guarded(db.insert(addressPools).values({ id, ...fields, nameservers: [...fields.nameservers], nodes: [...fields.nodes ?? []], createdAt: at }).execute(), ({ constraint }) => constraint === 'address_pools_name' ? fieldError('name', 'name_taken') : null)
        for (let from = 0; from < list.length; from += 1000) {
          await guarded(db.insert(addresses).values(list.slice(from, from + 1000).map(address => ({ id: context.newId(), poolId: id, address, changedAt: at }))).execute(), ({ constraint }) => constraint === 'addresses_address' ? fieldError('firstAddress', 'address_in_other_pool') : null)
        }
      },
      async remove(id) {
        await db.select({ id: addressPools.id }).from(addressPools).where(eq(addressPools.id, id)).for('update')
        await db.delete(addresses).where(and(eq(addresses.poolId, id), inArray(addresses.status, ['free', 'blocked'])))
        const [left] = await db.select({ id: addresses.id }).from(addresses).where(eq(addresses.poolId, id)).limit(1)
        if (left) return false
        await db.delete(addressPools).where(eq(addressPools.id, id))
        return true
      },
      async releaseQuarantine(at) {
        const freed = await db.update(addresses).set({ status: 'free', quarantineUntil: null, changedAt: at }).where(and(eq(addresses.status, 'quarantine'), sql`${addresses.quarantineUntil} <= ${at.toISOString()}::timestamptz`)).returning({ id: addresses.id })
        return freed.length + await freeIpv6(db, at)
      },
    } satisfies AddressPoolStore,

    addresses: {
      async reserve({ serviceId, connectionIds, node }) {
        const [held] = await db.select({ id: addresses.id }).from(addresses).where(and(eq(addresses.serviceId, serviceId), eq(addresses.ordinal, 0)))
        if (held) {
          await reserveExtra(db, context, serviceId)
          return reserveIpv6(db, context, { serviceId, node })
        }
        if (connectionIds.length === 0) throw new AppError('out_of_stock')
        const now = context.now()
        // Rows that others are taking just now are skipped, not waited for: every taker gets another address at once.
        const extra = await extraSold(db, serviceId)
        const ids = sql.join(connectionIds.map(id => sql`${id}::uuid`), sql`, `)
        const taken = rowsOf<{ id: string }>(await db.execute(sql`
          update addresses set status = 'reserved', service_id = ${serviceId}, changed_at = ${now.toISOString()}::timestamptz, quarantine_until = null
          where id = (select a.id from addresses a join address_pools p on p.id = a.pool_id where p.connection_id in (${ids}) and a.status = 'free' and ${networkStands}${node === undefined ? sql`` : sql` and p.id in ${poolsReaching(ids, node)}`}${extra === 0 ? sql`` : sql` and (select count(*) from addresses b join address_pools q on q.id = b.pool_id where b.status = 'free' and ${sameNetwork}) > ${extra}`} order by p.nodes = '[]'::jsonb, jsonb_array_length(p.nodes), p.nodes, a.address limit 1 for update of a skip locked)
          returning id`))
        if (taken.length === 0) throw new AppError('out_of_stock', { message: 'no free address' })
        if (extra > 0) await reserveExtra(db, context, serviceId)
        await reserveIpv6(db, context, { serviceId, node })
      },
      reserveExtra: serviceId => reserveExtra(db, context, serviceId),
      hasRoomFor: (serviceId, more) => hasRoomFor(db, serviceId, more),
      reserveLaterIpv6: serviceId => reserveLaterIpv6(db, context, serviceId),
      hasLaterIpv6: serviceId => hasLaterIpv6(db, serviceId),
      dropReservedIpv6: serviceId => dropReservedIpv6(db, context, serviceId, new Date(context.now().getTime() + quarantineDays * 86_400_000)),
      allOf: serviceId => allOf(db, serviceId),
      setLeavesFirst: (serviceId, address, leavesFirst) => setLeavesFirst(db, { serviceId, address, leavesFirst }),
      giveBack: (serviceId, list) => giveBack(db, context, { serviceId, list, until: new Date(context.now().getTime() + quarantineDays * 86_400_000) }),
      async findFor(serviceId) {
        const [row] = await db.select({ ipv4: addresses.address, prefixLength: addressPools.prefixLength, gateway: addressPools.gateway, nameservers: addressPools.nameservers, connectionId: addressPools.connectionId }).from(addresses).innerJoin(addressPools, eq(addressPools.id, addresses.poolId)).where(and(eq(addresses.serviceId, serviceId), eq(addresses.ordinal, 0)))
        return row ?? null
      },
      async findForMany(serviceIds) {
        if (serviceIds.length === 0) return new Map()
        const found = await db.select({ serviceId: addresses.serviceId, address: addresses.address }).from(addresses).where(and(inArray(addresses.serviceId, [...serviceIds]), eq(addresses.ordinal, 0)))
        return new Map(found.flatMap(row => row.serviceId ? [[row.serviceId, row.address] as const] : []))
      },
      async markAssigned(serviceId) {
        const taken = await db.update(addresses).set({ status: 'assigned', changedAt: context.now() }).where(and(eq(addresses.serviceId, serviceId), eq(addresses.status, 'reserved'))).returning({ address: addresses.address })
        const prefix = await assignIpv6(db, context, serviceId)
        for (const address of [...taken.map(({ address }) => address), prefix]) if (address) await wantDefaultName(db, context, { serviceId, address })
      },
      async release(serviceId) {
        const now = context.now()
        const until = new Date(now.getTime() + quarantineDays * 86_400_000)
        // A machine may have sent from what was reserved for it while it ran: of a machine all rests.
        const [assigned] = await db.select({ id: addresses.id }).from(addresses).where(and(eq(addresses.serviceId, serviceId), eq(addresses.status, 'assigned'))).limit(1)
        await db.update(addresses).set({ ...nobodys, changedAt: now, ...assigned ? { status: 'quarantine', quarantineUntil: until } : { status: 'free' } }).where(eq(addresses.serviceId, serviceId))
        await releaseIpv6(db, context, serviceId, until)
        await takeNamesAway(db, context, serviceId)
      },
      async standing(connectionId, ipv4) {
        const [row] = await db.select({ status: addresses.status, serviceId: addresses.serviceId, reason: addresses.reason, nodes: reachedNodesOf('address_pools'), prefixLength: addressPools.prefixLength, gateway: addressPools.gateway }).from(addresses).innerJoin(addressPools, eq(addressPools.id, addresses.poolId)).where(and(eq(addresses.address, ipv4), eq(addressPools.connectionId, connectionId)))
        return row ?? null
      },
      async nextFree(connectionId, node) {
        const [row] = rowsOf<{ ipv4: string }>(await db.execute(sql`select host(a.address) as ipv4 from addresses a join address_pools p on p.id = a.pool_id where p.connection_id = ${connectionId} and a.status = 'free' and ${networkStands} and p.id in ${poolsReaching(sql`${connectionId}::uuid`, node)} order by p.nodes = '[]'::jsonb, jsonb_array_length(p.nodes), p.nodes, a.address limit 1`))
        return row?.ipv4 ?? null
      },
      async take({ serviceId, connectionId, ipv4 }) {
        const [row] = rowsOf<{ id: string, holder: string | null, ordinal: number }>(await db.execute(sql`select a.id, a.service_id as holder, a.ordinal from addresses a join address_pools p on p.id = a.pool_id where a.address = ${ipv4}::inet and p.connection_id = ${connectionId} for update of a`))
        if (!row || (row.holder !== null && row.holder !== serviceId)) return false
        if (row.holder === serviceId) return row.ordinal === 0
        await this.release(serviceId)
        await db.update(addresses).set({ ...nobodys, status: 'reserved', serviceId, reason: null, quarantineUntil: null, changedAt: context.now() }).where(eq(addresses.id, row.id))
        return true
      },
      async block(serviceId, reason) {
        await db.update(addresses).set({ ...nobodys, status: 'blocked', reason, quarantineUntil: null, changedAt: context.now() }).where(eq(addresses.serviceId, serviceId))
        await blockIpv6(db, context, serviceId, reason)
        await takeNamesAway(db, context, serviceId)
      },
    } satisfies AddressBook,
  }
}

export const findPool = async (db: Executor, id: string) => (await pools(db, eq(addressPools.id, id), { limit: 1, offset: 0 }))[0] ?? null

async function pools(db: Executor, where: SQL | undefined, page: { limit: number, offset: number }) {
  const found = await db.select({ pool: addressPools, connectionName: connections.name, connectionKind: connections.kind }).from(addressPools).innerJoin(connections, eq(connections.id, addressPools.connectionId)).where(where).orderBy(asc(addressPools.name)).limit(page.limit).offset(page.offset)
  if (found.length === 0) return []
  const counted = await db.select({ poolId: addresses.poolId, status: addresses.status, n: count() }).from(addresses).where(inArray(addresses.poolId, found.map(({ pool }) => pool.id))).groupBy(addresses.poolId, addresses.status)
  const networks = await networksOfPools(db, found.map(({ pool }) => pool))
  return found.map(({ pool: { createdAt: _, ...pool }, connectionName, connectionKind }) => {
    const counts = { free: 0, reserved: 0, assigned: 0, quarantine: 0, blocked: 0 }
    for (const row of counted) if (row.poolId === pool.id) counts[row.status] = row.n
    return { ...pool, connectionName, connectionKind, counts, network: networks.get(pool.id) ?? unknownNetwork }
  })
}
