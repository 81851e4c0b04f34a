import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import type { HeldIpv4 } from '#server/infrastructure/ports.ts'
import type { Executor } from '../client.ts'
import { addresses, addressPools, services } from '../schema/index.ts'
import type { StoreContext } from '../store-context.ts'
import { rowsOf } from '../rows-of.ts'
import { takeNamesAway } from './reverse-dns.ts'

/** Pools `p` and `q` are of one network: what a machine has of one is reached, and may move, as what it has of the other. */
export const sameNetwork = sql`q.connection_id = p.connection_id and q.gateway = p.gateway and q.nodes = p.nodes and q.bridge is not distinct from p.bridge and q.vlan_tag is not distinct from p.vlan_tag`
/** What is nobody's any more. */
export const nobodys = { serviceId: null, ordinal: 0, leavesFirst: false } as const

/** How many addresses beside the first one were sold to a service. */
export async function extraSold(db: Executor, serviceId: string): Promise<number> {
  const [row] = await db.select({ spec: services.spec }).from(services).where(eq(services.id, serviceId))
  return row?.spec.extraIpv4 ?? 0
}

/** The first address is locked before: two takers for one service come one after the other. */
export async function reserveExtra(db: Executor, context: StoreContext, serviceId: string): Promise<void> {
  const sold = await extraSold(db, serviceId)
  if (sold === 0) return
  const held = await db.select({ ordinal: addresses.ordinal }).from(addresses).where(eq(addresses.serviceId, serviceId)).orderBy(asc(addresses.ordinal)).for('update')
  const last = held.at(-1)?.ordinal
  const missing = sold - (held.length - 1)
  if (missing <= 0) return
  if (last === undefined) throw new AppError('out_of_stock', { message: 'the service has no first address' })
  const taken = rowsOf<{ id: string }>(await db.execute(sql`
    with chosen as (
      select a.id, a.address from addresses own join address_pools q on q.id = own.pool_id join address_pools p on ${sameNetwork} join addresses a on a.pool_id = p.id
      where own.service_id = ${serviceId} and own.ordinal = 0 and a.status = 'free' order by a.address limit ${missing} for update of a skip locked
    ), numbered as (select id, row_number() over (order by address)::int as n from chosen)
    update addresses set status = 'reserved', service_id = ${serviceId}, ordinal = ${last}::int + numbered.n, changed_at = ${context.now().toISOString()}::timestamptz, quarantine_until = null
    from numbered where addresses.id = numbered.id returning addresses.id`))
  if (taken.length < missing) throw new AppError('out_of_stock', { message: 'no free address in the network of the first one' })
}

export async function hasRoomFor(db: Executor, serviceId: string, more: number): Promise<boolean> {
  const [row] = rowsOf<{ n: number }>(await db.execute(sql`
    select count(*)::int as n from addresses own join address_pools q on q.id = own.pool_id join address_pools p on ${sameNetwork} join addresses a on a.pool_id = p.id
    where own.service_id = ${serviceId} and own.ordinal = 0 and a.status = 'free'`))
  return (row?.n ?? 0) >= more
}

export async function allOf(db: Executor, serviceId: string): Promise<HeldIpv4[]> {
  const rows = await db.select({ ipv4: addresses.address, prefixLength: addressPools.prefixLength, ordinal: addresses.ordinal, leavesFirst: addresses.leavesFirst, status: addresses.status }).from(addresses)
    .innerJoin(addressPools, eq(addressPools.id, addresses.poolId)).where(eq(addresses.serviceId, serviceId)).orderBy(asc(addresses.ordinal))
  return rows.map(({ status, ...row }) => ({ ...row, reserved: status === 'reserved' }))
}

export async function setLeavesFirst(db: Executor, { serviceId, address, leavesFirst }: { readonly serviceId: string, readonly address: string, readonly leavesFirst: boolean }): Promise<boolean> {
  const changed = await db.update(addresses).set({ leavesFirst }).where(and(eq(addresses.serviceId, serviceId), eq(addresses.address, address), gt(addresses.ordinal, 0))).returning({ id: addresses.id })
  return changed.length > 0
}

export async function giveBack(db: Executor, context: StoreContext, { serviceId, list, until }: { readonly serviceId: string, readonly list: readonly string[], readonly until: Date }): Promise<void> {
  if (list.length === 0) return
  await db.update(addresses).set({ ...nobodys, status: 'quarantine', changedAt: context.now(), quarantineUntil: until }).where(and(eq(addresses.serviceId, serviceId), inArray(addresses.address, [...list]), gt(addresses.ordinal, 0)))
  await takeNamesAway(db, context, serviceId, list)
}
