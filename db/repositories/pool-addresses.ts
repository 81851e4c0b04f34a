import { and, asc, count, eq, gt, gte, ilike, inArray, lt, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { fieldError } from '#shared/errors/codes.ts'
import type { PoolAddress, PoolAddressStore } from '#server/infrastructure/ports.ts'
import type { Executor } from '../client.ts'
import { guarded } from '../guarded.ts'
import { addresses, addressPoolDays, addressPools, services } from '../schema/index.ts'
import { containing } from '../search-pattern.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'
import { findPool } from './infrastructure.ts'

export function poolAddressStores(db: Executor, context: StoreContext) {
  const rows = async (where: SQL | undefined, limit: number, offset = 0): Promise<PoolAddress[]> => {
    const found = await db.select({ id: addresses.id, address: addresses.address, status: addresses.status, reason: addresses.reason, changedAt: addresses.changedAt, quarantineUntil: addresses.quarantineUntil, serviceId: addresses.serviceId, ordinal: addresses.ordinal, hostname: services.hostname })
      .from(addresses).leftJoin(services, eq(services.id, addresses.serviceId)).where(where).orderBy(asc(addresses.address)).limit(limit).offset(offset)
    return found.map(({ serviceId, hostname, ordinal, ...row }) => ({ ...row, service: serviceId ? { id: serviceId, hostname: hostname ?? '', ordinal } : null }))
  }
  return {
    poolAddresses: {
      async list(poolId, { q, status, page, pageSize }) {
        const where = and(eq(addresses.poolId, poolId), status ? eq(addresses.status, status) : undefined, q ? or(sql`host(${addresses.address}) like ${containing(q)}`, ilike(services.hostname, containing(q))) : undefined)
        const [counted] = await db.select({ total: count() }).from(addresses).leftJoin(services, eq(services.id, addresses.serviceId)).where(where)
        return { items: await rows(where, pageSize, (page - 1) * pageSize), total: counted?.total ?? 0, page, pageSize }
      },
      after: (poolId, address, limit) => rows(and(eq(addresses.poolId, poolId), address === null ? undefined : gt(addresses.address, address)), limit),
      find: async (poolId, id) => (await rows(and(eq(addresses.poolId, poolId), eq(addresses.id, id)), 1))[0] ?? null,
      all: poolId => db.select({ id: addresses.id, address: addresses.address, status: addresses.status, reason: addresses.reason }).from(addresses).where(eq(addresses.poolId, poolId)).orderBy(asc(addresses.address)),
      async lockPool(id) {
        await db.select({ id: addressPools.id }).from(addressPools).where(eq(addressPools.id, id)).for('no key update')
        return findPool(db, id)
      },
      async updatePool(id, { name, firstAddress, lastAddress, gateway, nameservers, bridge = null, vlanTag = null, nodes = [] }) {
        await guarded(db.update(addressPools).set({ name, firstAddress, lastAddress, gateway, nameservers: [...nameservers], bridge, vlanTag, nodes: [...nodes] }).where(eq(addressPools.id, id)).execute(), ({ constraint }) => constraint === 'address_pools_name' ? fieldError('name', 'name_taken') : null)
      },
      async add(poolId, list, at) {
        for (let from = 0; from < list.length; from += 1000) {
          await guarded(db.insert(addresses).values(list.slice(from, from + 1000).map(address => ({ id: context.newId(), poolId, address, changedAt: at }))).execute(), ({ constraint }) => constraint === 'addresses_address' ? fieldError('lastAddress', 'address_in_other_pool') : null)
        }
      },
      async removeFree(poolId, list) {
        if (list.length === 0) return true
        const gone = await db.delete(addresses).where(and(eq(addresses.poolId, poolId), eq(addresses.status, 'free'), inArray(addresses.address, [...list]))).returning({ id: addresses.id })
        return gone.length === list.length
      },
      async change(poolId, changes, at) {
        if (changes.length === 0) return true
        const done = rowsOf<{ id: string }>(await db.execute(sql`
          update addresses a set status = v.new_status, reason = v.reason, quarantine_until = null, changed_at = case when a.status = v.new_status then a.changed_at else ${at.toISOString()}::timestamptz end
          from jsonb_to_recordset(${JSON.stringify(changes.map(({ id, from, to, reason }) => ({ id, old_status: from, new_status: to, reason })))}::jsonb) as v(id uuid, old_status text, new_status text, reason text)
          where a.id = v.id and a.pool_id = ${poolId} and a.status = v.old_status and a.status in ('free', 'blocked', 'quarantine') returning a.id`))
        return done.length === changes.length
      },
      async recordDay(day) {
        await db.execute(sql`
          insert into address_pool_days (pool_id, day, held, total)
          select p.id, ${day}::date, c.held, c.total from address_pools p cross join lateral (select count(*) filter (where a.status in ('reserved', 'assigned'))::int as held, count(*)::int as total from addresses a where a.pool_id = p.id) c
          where not exists (select 1 from address_pool_days d where d.pool_id = p.id and d.day = ${day}::date) on conflict do nothing`)
      },
      async forgetDaysBefore(day) {
        await db.delete(addressPoolDays).where(lt(addressPoolDays.day, day))
      },
      async firstDays(poolIds, from) {
        if (poolIds.length === 0) return new Map()
        const found = await db.selectDistinctOn([addressPoolDays.poolId]).from(addressPoolDays).where(and(inArray(addressPoolDays.poolId, [...poolIds]), gte(addressPoolDays.day, from))).orderBy(asc(addressPoolDays.poolId), asc(addressPoolDays.day))
        return new Map(found.map(row => [row.poolId, row]))
      },
      days: (poolId, from) => db.select().from(addressPoolDays).where(and(eq(addressPoolDays.poolId, poolId), gte(addressPoolDays.day, from))).orderBy(asc(addressPoolDays.day)),
    } satisfies PoolAddressStore,
  }
}
