import { and, asc, count, eq, gt, gte, ilike, inArray, lt, notInArray, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Ipv6PoolRecord, Ipv6PoolStore, Ipv6Prefix } from '#server/infrastructure/ipv6-ports.ts'
import { addressAt, firstPlace, gatewayPlace, placesOf } from '#server/infrastructure/ipv6-range.ts'
import { servesNode } from '#server/infrastructure/served-nodes.ts'
import type { Executor } from '../client.ts'
import { guarded } from '../guarded.ts'
import { addresses, addressPools, connections, ipv6PoolDays, ipv6Pools, ipv6Prefixes, products, resources, services } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'
import { networkStandsOf, networksOfPools, reachedNodesOf, unknownNetwork } from './networks.ts'

type Pool = typeof ipv6Pools.$inferSelect

/** Pools that go with the network card of a service's machine, the narrowest first; none where its product gives no IPv6. Locked, unless it is only asked: one taker at a time. */
async function poolsFor(db: Executor, serviceId: string, node: string | undefined, lock = true): Promise<Pool[]> {
  const asked = db.select({ pool: ipv6Pools, reached: reachedNodesOf('ipv6_pools') }).from(ipv6Pools)
    .innerJoin(addressPools, and(eq(addressPools.connectionId, ipv6Pools.connectionId), sql`${addressPools.bridge} is not distinct from ${ipv6Pools.bridge}`, sql`${addressPools.vlanTag} is not distinct from ${ipv6Pools.vlanTag}`))
    .innerJoin(addresses, and(eq(addresses.poolId, addressPools.id), eq(addresses.serviceId, serviceId), eq(addresses.ordinal, 0)))
    .innerJoin(services, eq(services.id, serviceId)).innerJoin(products, and(eq(products.id, services.productId), eq(products.ipv6, true)))
    .orderBy(asc(ipv6Pools.id))
  const found = lock ? await asked.for('no key update', { of: ipv6Pools }) : await asked
  const breadth = ({ nodes }: Pool) => nodes.length === 0 ? Number.MAX_SAFE_INTEGER : nodes.length
  return found.filter(({ reached }) => node === undefined || servesNode(reached, node)).map(({ pool }) => pool).toSorted((a, b) => breadth(a) - breadth(b))
}

/** The lowest place that was given back, else the next one that was never handed out. Null: the pool is full. */
async function take(db: Executor, context: StoreContext, pool: Pool, serviceId: string): Promise<boolean> {
  const changedAt = context.now()
  const [free] = await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, pool.id), eq(ipv6Prefixes.status, 'free'), sql`${ipv6Prefixes.address} <> ${pool.gateway}`)).orderBy(asc(ipv6Prefixes.place)).limit(1)
  if (free) {
    await db.update(ipv6Prefixes).set({ status: 'reserved', serviceId, changedAt }).where(eq(ipv6Prefixes.id, free.id))
    return true
  }
  // Places from here on that are blocked, or were, have a row already.
  const [gap] = rowsOf<{ place: number }>(await db.execute(sql`
    select p::float8 as place from generate_series(${pool.nextPlace}::bigint, ${pool.nextPlace}::bigint + 1 + (select count(*) from ipv6_prefixes where pool_id = ${pool.id} and place >= ${pool.nextPlace}::bigint)) p
    where p is distinct from ${gatewayPlace(pool)}::bigint and not exists (select 1 from ipv6_prefixes x where x.pool_id = ${pool.id} and x.place = p) order by p limit 1`))
  const place = gap?.place ?? pool.nextPlace
  if (place >= placesOf(pool)) return false
  await db.insert(ipv6Prefixes).values({ id: context.newId(), poolId: pool.id, place, address: addressAt(pool, place), status: 'reserved', serviceId, changedAt })
  await db.update(ipv6Pools).set({ nextPlace: place + 1 }).where(eq(ipv6Pools.id, pool.id))
  return true
}

/** How many prefixes each pool of these connections can still give. */
export async function freePrefixes(db: Executor, connectionIds: readonly string[]): Promise<{ id: string, nodes: string[], bridge: string | null, vlanTag: number | null, free: number }[]> {
  // Rows from the next place on are blocked, or were: they are no places that were never handed out.
  const rows = await db.select({ pool: ipv6Pools, reached: reachedNodesOf('ipv6_pools'), given: sql<number>`count(*) filter (where ${ipv6Prefixes.status} = 'free' and ${ipv6Prefixes.address} <> ${ipv6Pools.gateway})::int`, ahead: sql<number>`count(*) filter (where ${ipv6Prefixes.place} >= ${ipv6Pools.nextPlace})::int` })
    .from(ipv6Pools).leftJoin(ipv6Prefixes, eq(ipv6Prefixes.poolId, ipv6Pools.id))
    .where(and(inArray(ipv6Pools.connectionId, [...connectionIds]), networkStandsOf('ipv6_pools'))).groupBy(ipv6Pools.id).orderBy(asc(ipv6Pools.id))
  return rows.map(({ pool, reached, given, ahead }) => {
    const gateway = gatewayPlace(pool)
    return { id: pool.connectionId, nodes: reached, bridge: pool.bridge, vlanTag: pool.vlanTag, free: given + Math.max(0, placesOf(pool) - pool.nextPlace - ahead - (gateway !== null && gateway >= pool.nextPlace && gateway < placesOf(pool) ? 1 : 0)) }
  })
}

/**
 * Reserves IPv6 for a service that holds its IPv4 address, where its product gives it and its connection has a pool of it; what it holds and its node can use stays.
 * @throws AppError out_of_stock when there are pools and all are full: nobody is sold less than the product says
 */
export async function reserveIpv6(db: Executor, context: StoreContext, { serviceId, node }: { readonly serviceId: string, readonly node: string | undefined }): Promise<void> {
  const pools = await poolsFor(db, serviceId, node)
  const [held] = await db.select({ id: ipv6Prefixes.id, poolId: ipv6Prefixes.poolId, status: ipv6Prefixes.status }).from(ipv6Prefixes).where(eq(ipv6Prefixes.serviceId, serviceId))
  if (held && (held.status === 'assigned' || pools.some(({ id }) => id === held.poolId))) return
  if (held) await db.update(ipv6Prefixes).set({ status: 'free', serviceId: null, changedAt: context.now() }).where(eq(ipv6Prefixes.id, held.id))
  for (const pool of pools) if (await take(db, context, pool, serviceId)) return
  if (pools.length > 0) throw new AppError('out_of_stock', { message: 'no free IPv6 prefix' })
}

const nodeOf = async (db: Executor, serviceId: string) => (await db.select({ node: resources.node }).from(resources).where(eq(resources.serviceId, serviceId)))[0]?.node ?? undefined
const holds = async (db: Executor, serviceId: string) => (await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(eq(ipv6Prefixes.serviceId, serviceId))).length > 0

/** See `AddressBook`. The caller has locked the service. */
export async function reserveLaterIpv6(db: Executor, context: StoreContext, serviceId: string): Promise<boolean> {
  if (await holds(db, serviceId)) return false
  await reserveIpv6(db, context, { serviceId, node: await nodeOf(db, serviceId) })
  return holds(db, serviceId)
}
export const hasLaterIpv6 = async (db: Executor, serviceId: string): Promise<boolean> => !await holds(db, serviceId) && (await poolsFor(db, serviceId, await nodeOf(db, serviceId), false)).length > 0
export async function dropReservedIpv6(db: Executor, context: StoreContext, serviceId: string, quarantineUntil: Date): Promise<void> {
  await db.update(ipv6Prefixes).set({ status: 'quarantine', serviceId: null, changedAt: context.now(), quarantineUntil }).where(and(eq(ipv6Prefixes.serviceId, serviceId), eq(ipv6Prefixes.status, 'reserved')))
}

/** Answers the address that a machine has now and had not before. */
export async function assignIpv6(db: Executor, context: StoreContext, serviceId: string): Promise<string | null> {
  const [taken] = await db.update(ipv6Prefixes).set({ status: 'assigned', changedAt: context.now() }).where(and(eq(ipv6Prefixes.serviceId, serviceId), eq(ipv6Prefixes.status, 'reserved'))).returning({ address: ipv6Prefixes.address })
  return taken?.address ?? null
}

/** Assigned → quarantine, reserved → free. */
export async function releaseIpv6(db: Executor, context: StoreContext, serviceId: string, quarantineUntil: Date): Promise<void> {
  const changedAt = context.now()
  await db.update(ipv6Prefixes).set({ status: 'free', serviceId: null, changedAt }).where(and(eq(ipv6Prefixes.serviceId, serviceId), eq(ipv6Prefixes.status, 'reserved')))
  await db.update(ipv6Prefixes).set({ status: 'quarantine', serviceId: null, changedAt, quarantineUntil }).where(and(eq(ipv6Prefixes.serviceId, serviceId), eq(ipv6Prefixes.status, 'assigned')))
}

/** For a machine that goes on using it and is nobody's any more. */
export async function blockIpv6(db: Executor, context: StoreContext, serviceId: string, reason: string): Promise<void> {
  await db.update(ipv6Prefixes).set({ status: 'blocked', serviceId: null, reason, quarantineUntil: null, changedAt: context.now() }).where(eq(ipv6Prefixes.serviceId, serviceId))
}

/** Those whose quarantine is over. Answers how many. */
export async function freeIpv6(db: Executor, at: Date): Promise<number> {
  const freed = await db.update(ipv6Prefixes).set({ status: 'free', quarantineUntil: null, changedAt: at }).where(and(eq(ipv6Prefixes.status, 'quarantine'), sql`${ipv6Prefixes.quarantineUntil} <= ${at.toISOString()}::timestamptz`)).returning({ id: ipv6Prefixes.id })
  return freed.length
}

async function pools(db: Executor, where: SQL | undefined, page: { readonly limit: number, readonly offset: number }): Promise<Ipv6PoolRecord[]> {
  const found = await db.select({ pool: ipv6Pools, connectionName: connections.name, connectionKind: connections.kind }).from(ipv6Pools).innerJoin(connections, eq(connections.id, ipv6Pools.connectionId)).where(where).orderBy(asc(ipv6Pools.name)).limit(page.limit).offset(page.offset)
  if (found.length === 0) return []
  const counted = await db.select({ poolId: ipv6Prefixes.poolId, status: ipv6Prefixes.status, n: count() }).from(ipv6Prefixes).where(inArray(ipv6Prefixes.poolId, found.map(({ pool }) => pool.id))).groupBy(ipv6Prefixes.poolId, ipv6Prefixes.status)
  const networks = await networksOfPools(db, found.map(({ pool }) => pool))
  return found.map(({ pool: { createdAt: _, ...pool }, ...row }) => ({ ...pool, ...row, network: networks.get(pool.id) ?? unknownNetwork, counts: { free: 0, reserved: 0, assigned: 0, quarantine: 0, blocked: 0, ...Object.fromEntries(counted.filter(({ poolId }) => poolId === pool.id).map(({ status, n }) => [status, n])) } }))
}
const findPool = async (db: Executor, id: string) => (await pools(db, eq(ipv6Pools.id, id), { limit: 1, offset: 0 }))[0] ?? null
const nameTaken = ({ constraint }: { constraint: string }) => constraint === 'ipv6_pools_name' ? fieldError('name', 'name_taken') : null

export function ipv6Stores(db: Executor, context: StoreContext) {
  const rows = async (where: SQL | undefined, limit: number, offset = 0): Promise<Ipv6Prefix[]> => {
    const found = await db.select({ id: ipv6Prefixes.id, address: ipv6Prefixes.address, status: ipv6Prefixes.status, changedAt: ipv6Prefixes.changedAt, quarantineUntil: ipv6Prefixes.quarantineUntil, reason: ipv6Prefixes.reason, serviceId: ipv6Prefixes.serviceId, hostname: services.hostname })
      .from(ipv6Prefixes).leftJoin(services, eq(services.id, ipv6Prefixes.serviceId)).where(where).orderBy(asc(ipv6Prefixes.address)).limit(limit).offset(offset)
    return found.map(({ serviceId, hostname, ...row }) => ({ ...row, service: serviceId ? { id: serviceId, hostname: hostname ?? '' } : null }))
  }
  return {
    ipv6Pools: {
      async list({ page, pageSize }) {
        const [counted] = await db.select({ total: count() }).from(ipv6Pools)
        return { items: await pools(db, undefined, { limit: pageSize, offset: (page - 1) * pageSize }), total: counted?.total ?? 0, page, pageSize }
      },
      find: id => findPool(db, id),
      async lock(id) {
        await db.select({ id: ipv6Pools.id }).from(ipv6Pools).where(eq(ipv6Pools.id, id)).for('update')
        return findPool(db, id)
      },
      async insert(id, fields, at) {
        // Two that overlap must not come in together: no other pool is added meanwhile.
        await db.execute(sql`lock table ${ipv6Pools} in share row exclusive mode`)
        const [other] = await db.select({ id: ipv6Pools.id }).from(ipv6Pools).where(sql`set_masklen(${ipv6Pools.prefix}, ${ipv6Pools.prefixLength}) && set_masklen(${fields.prefix}::inet, ${fields.prefixLength}::int)`).limit(1)
        if (other) throw fieldError('prefix', 'prefix_overlaps')
        await guarded(db.insert(ipv6Pools).values({ ...fields, id, nameservers: [...fields.nameservers], nodes: [...fields.nodes], nextPlace: firstPlace(fields), createdAt: at }).execute(), nameTaken)
      },
      async update(id, { name, gateway, nameservers, nodes, bridge, vlanTag }) {
        await guarded(db.update(ipv6Pools).set({ name, gateway, nameservers: [...nameservers], nodes: [...nodes], bridge, vlanTag }).where(eq(ipv6Pools.id, id)).execute(), nameTaken)
      },
      async holds(id, address) {
        const found = await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, id), eq(ipv6Prefixes.address, address), notInArray(ipv6Prefixes.status, ['free', 'blocked'])))
        return found.length > 0
      },
      async remove(id) {
        await db.delete(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, id), inArray(ipv6Prefixes.status, ['free', 'blocked'])))
        const [left] = await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(eq(ipv6Prefixes.poolId, id)).limit(1)
        if (left) return false
        await db.delete(ipv6Pools).where(eq(ipv6Pools.id, id))
        return true
      },
      async atPlaces(poolId, places) {
        const found: { place: number, status: Ipv6Prefix['status'], reason: string | null }[] = []
        for (let from = 0; from < places.length; from += 1000) found.push(...await db.select({ place: ipv6Prefixes.place, status: ipv6Prefixes.status, reason: ipv6Prefixes.reason }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, poolId), inArray(ipv6Prefixes.place, places.slice(from, from + 1000)))))
        return found
      },
      async changePlaces(poolId, changes, changedAt) {
        let done = 0
        for (let from = 0; from < changes.length; from += 1000) {
          const made = await db.insert(ipv6Prefixes).values(changes.slice(from, from + 1000).map(({ place, address, to, reason }) => ({ id: context.newId(), poolId, place, address, status: to, reason, changedAt })))
            .onConflictDoUpdate({ target: [ipv6Prefixes.poolId, ipv6Prefixes.place], set: { status: sql`excluded.status`, reason: sql`excluded.reason`, changedAt }, setWhere: inArray(ipv6Prefixes.status, ['free', 'blocked']) }).returning({ id: ipv6Prefixes.id })
          done += made.length
        }
        return done === changes.length
      },
      async recordDay(day) {
        await db.execute(sql`
          insert into ipv6_pool_days (pool_id, day, held)
          select p.id, ${day}::date, (select count(*)::int from ipv6_prefixes x where x.pool_id = p.id and x.status in ('reserved', 'assigned')) from ipv6_pools p
          where not exists (select 1 from ipv6_pool_days d where d.pool_id = p.id and d.day = ${day}::date) on conflict do nothing`)
      },
      async forgetDaysBefore(day) {
        await db.delete(ipv6PoolDays).where(lt(ipv6PoolDays.day, day))
      },
      async firstDays(poolIds, from) {
        if (poolIds.length === 0) return new Map()
        const found = await db.selectDistinctOn([ipv6PoolDays.poolId]).from(ipv6PoolDays).where(and(inArray(ipv6PoolDays.poolId, [...poolIds]), gte(ipv6PoolDays.day, from))).orderBy(asc(ipv6PoolDays.poolId), asc(ipv6PoolDays.day))
        return new Map(found.map(row => [row.poolId, row]))
      },
      days: (poolId, from) => db.select().from(ipv6PoolDays).where(and(eq(ipv6PoolDays.poolId, poolId), gte(ipv6PoolDays.day, from))).orderBy(asc(ipv6PoolDays.day)),
      async listPrefixes(poolId, { q, status, page, pageSize }) {
        const where = and(eq(ipv6Prefixes.poolId, poolId), status ? eq(ipv6Prefixes.status, status) : undefined, q ? or(sql`host(${ipv6Prefixes.address}) like ${containing(q.toLowerCase())}`, ilike(services.hostname, containing(q))) : undefined)
        const [counted] = await db.select({ total: count() }).from(ipv6Prefixes).leftJoin(services, eq(services.id, ipv6Prefixes.serviceId)).where(where)
        return { items: await rows(where, pageSize, (page - 1) * pageSize), total: counted?.total ?? 0, page, pageSize }
      },
      after: (poolId, address, limit) => rows(and(eq(ipv6Prefixes.poolId, poolId), address === null ? undefined : gt(ipv6Prefixes.address, address)), limit),
    } satisfies Ipv6PoolStore,
  }
}
