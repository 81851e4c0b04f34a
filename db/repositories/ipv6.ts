import { and, asc, count, eq, gt, ilike, inArray, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Ipv6PoolRecord, Ipv6PoolStore, Ipv6Prefix } from '#server/infrastructure/ipv6-ports.ts'
import { addressAt, firstPlace, gatewayPlace, placesOf } from '#server/infrastructure/ipv6-range.ts'
import { servesNode } from '#server/infrastructure/served-nodes.ts'
import type { Executor } from '../client.ts'
import { guarded } from '../guarded.ts'
import { addresses, addressPools, connections, ipv6Pools, ipv6Prefixes, products, services } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'

type Pool = typeof ipv6Pools.$inferSelect

/** Pools that go with the network card of a service's machine, the narrowest first; none where its product gives no IPv6. Locked: one taker at a time. */
async function poolsFor(db: Executor, serviceId: string, node: string | undefined): Promise<Pool[]> {
  const found = await db.select({ pool: ipv6Pools }).from(ipv6Pools)
    .innerJoin(addressPools, and(eq(addressPools.connectionId, ipv6Pools.connectionId), sql`${addressPools.bridge} is not distinct from ${ipv6Pools.bridge}`, sql`${addressPools.vlanTag} is not distinct from ${ipv6Pools.vlanTag}`))
    .innerJoin(addresses, and(eq(addresses.poolId, addressPools.id), eq(addresses.serviceId, serviceId)))
    .innerJoin(services, eq(services.id, serviceId)).innerJoin(products, and(eq(products.id, services.productId), eq(products.ipv6, true)))
    .orderBy(asc(ipv6Pools.id)).for('no key update', { of: ipv6Pools })
  const breadth = ({ nodes }: Pool) => nodes.length === 0 ? Number.MAX_SAFE_INTEGER : nodes.length
  return found.map(({ pool }) => pool).filter(({ nodes }) => node === undefined || servesNode(nodes, node)).toSorted((a, b) => breadth(a) - breadth(b))
}

/** The lowest place that was given back, else the next one that was never handed out. Null: the pool is full. */
async function take(db: Executor, context: StoreContext, pool: Pool, serviceId: string): Promise<boolean> {
  const changedAt = context.now()
  const [free] = await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, pool.id), eq(ipv6Prefixes.status, 'free'), sql`${ipv6Prefixes.address} <> ${pool.gateway}`)).orderBy(asc(ipv6Prefixes.place)).limit(1)
  if (free) {
    await db.update(ipv6Prefixes).set({ status: 'reserved', serviceId, changedAt }).where(eq(ipv6Prefixes.id, free.id))
    return true
  }
  const place = pool.nextPlace === gatewayPlace(pool) ? pool.nextPlace + 1 : pool.nextPlace
  if (place >= placesOf(pool)) return false
  await db.insert(ipv6Prefixes).values({ id: context.newId(), poolId: pool.id, place, address: addressAt(pool, place), status: 'reserved', serviceId, changedAt })
  await db.update(ipv6Pools).set({ nextPlace: place + 1 }).where(eq(ipv6Pools.id, pool.id))
  return true
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

/** Those whose quarantine is over. Answers how many. */
export async function freeIpv6(db: Executor, at: Date): Promise<number> {
  const freed = await db.update(ipv6Prefixes).set({ status: 'free', quarantineUntil: null, changedAt: at }).where(and(eq(ipv6Prefixes.status, 'quarantine'), sql`${ipv6Prefixes.quarantineUntil} <= ${at.toISOString()}::timestamptz`)).returning({ id: ipv6Prefixes.id })
  return freed.length
}

async function pools(db: Executor, where: SQL | undefined, page: { readonly limit: number, readonly offset: number }): Promise<Ipv6PoolRecord[]> {
  const found = await db.select({ pool: ipv6Pools, connectionName: connections.name, connectionKind: connections.kind }).from(ipv6Pools).innerJoin(connections, eq(connections.id, ipv6Pools.connectionId)).where(where).orderBy(asc(ipv6Pools.name)).limit(page.limit).offset(page.offset)
  if (found.length === 0) return []
  const counted = await db.select({ poolId: ipv6Prefixes.poolId, status: ipv6Prefixes.status, n: count() }).from(ipv6Prefixes).where(inArray(ipv6Prefixes.poolId, found.map(({ pool }) => pool.id))).groupBy(ipv6Prefixes.poolId, ipv6Prefixes.status)
  return found.map(({ pool: { createdAt: _, ...pool }, ...row }) => ({ ...pool, ...row, counts: { free: 0, reserved: 0, assigned: 0, quarantine: 0, ...Object.fromEntries(counted.filter(({ poolId }) => poolId === pool.id).map(({ status, n }) => [status, n])) } }))
}
const findPool = async (db: Executor, id: string) => (await pools(db, eq(ipv6Pools.id, id), { limit: 1, offset: 0 }))[0] ?? null
const nameTaken = ({ constraint }: { constraint: string }) => constraint === 'ipv6_pools_name' ? fieldError('name', 'name_taken') : null

export function ipv6Stores(db: Executor) {
  const rows = async (where: SQL | undefined, limit: number, offset = 0): Promise<Ipv6Prefix[]> => {
    const found = await db.select({ id: ipv6Prefixes.id, address: ipv6Prefixes.address, status: ipv6Prefixes.status, changedAt: ipv6Prefixes.changedAt, quarantineUntil: ipv6Prefixes.quarantineUntil, serviceId: ipv6Prefixes.serviceId, hostname: services.hostname })
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
        const found = await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, id), eq(ipv6Prefixes.address, address), sql`${ipv6Prefixes.status} <> 'free'`))
        return found.length > 0
      },
      async remove(id) {
        await db.delete(ipv6Prefixes).where(and(eq(ipv6Prefixes.poolId, id), eq(ipv6Prefixes.status, 'free')))
        const [left] = await db.select({ id: ipv6Prefixes.id }).from(ipv6Prefixes).where(eq(ipv6Prefixes.poolId, id)).limit(1)
        if (left) return false
        await db.delete(ipv6Pools).where(eq(ipv6Pools.id, id))
        return true
      },
      async listPrefixes(poolId, { q, status, page, pageSize }) {
        const where = and(eq(ipv6Prefixes.poolId, poolId), status ? eq(ipv6Prefixes.status, status) : undefined, q ? or(sql`host(${ipv6Prefixes.address}) like ${containing(q.toLowerCase())}`, ilike(services.hostname, containing(q))) : undefined)
        const [counted] = await db.select({ total: count() }).from(ipv6Prefixes).leftJoin(services, eq(services.id, ipv6Prefixes.serviceId)).where(where)
        return { items: await rows(where, pageSize, (page - 1) * pageSize), total: counted?.total ?? 0, page, pageSize }
      },
      after: (poolId, address, limit) => rows(and(eq(ipv6Prefixes.poolId, poolId), address === null ? undefined : gt(ipv6Prefixes.address, address)), limit),
    } satisfies Ipv6PoolStore,
  }
}
