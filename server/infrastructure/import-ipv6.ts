import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { listedAddresses, planList } from './address-list.ts'
import type { ListPlan } from './address-list.ts'
import { applyList, toListView } from './import-addresses.ts'
import type { Ipv6PoolRecord, Ipv6PoolStore } from './ipv6-ports.ts'
import { addressAt, listedAddress6, placeOf } from './ipv6-range.ts'
import type { InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly ipv6Pools: Ipv6PoolStore, readonly clock: Clock, readonly digest: (text: string) => string, /** Null: it is no text in UTF-8. */ readonly decode: (bytes: Uint8Array) => string | null }
interface Input { readonly id: string, readonly content: Uint8Array }

/** What was never handed out has no row and is free. Only the places that the list names are looked at: a pool may have more than anybody can count. */
async function planOf(text: string | null, pool: Ipv6PoolRecord, store: Ipv6PoolStore): Promise<ListPlan> {
  const normal = (typed: string) => listedAddress6(pool, typed)
  const listed = text === null ? null : listedAddresses(text, normal)
  if (text === null || listed === null) throw new AppError('address_list_unknown')
  const places = listed.map(address => placeOf(pool, address)).filter(place => place !== null)
  const rows = new Map((await store.atPlaces(pool.id, places)).map(row => [row.place, row]))
  const plan = planList(text, places.map(place => ({ id: String(place), address: addressAt(pool, place), status: rows.get(place)?.status ?? 'free', reason: rows.get(place)?.reason ?? null })), normal)
  if (!plan) throw new AppError('address_list_unknown')
  return plan
}

/** What a list would change of an IPv6 pool. @throws AppError not_found, address_list_unknown */
export const previewIpv6 = ({ ipv6Pools, digest, decode }: Deps) => async ({ id, content }: Input) => {
  const pool = await ipv6Pools.find(id)
  if (!pool) throw new AppError('not_found')
  return toListView(await planOf(decode(content), pool, ipv6Pools), digest, false)
}

/** Applies just what was seen in the preview, as `importAddresses` does. @throws AppError not_found, address_list_unknown, address_changed */
export const importIpv6 = ({ transact, clock, digest, decode }: Deps) => ({ actor, id, content, agreed }: Input & { readonly actor: Actor, readonly agreed: string }) => transact(async (stores) => {
  const pool = await stores.ipv6Pools.lock(id)
  if (!pool) throw new AppError('not_found')
  const plan = await planOf(decode(content), pool, stores.ipv6Pools)
  const places = plan.changes.map(({ id: place, address, to, reason }) => ({ place: Number(place), address, to, reason }))
  return applyList(plan, { digest, agreed, change: () => stores.ipv6Pools.changePlaces(id, places, clock.now()), record: after => stores.audit.record({ actor, action: 'ipv6_pool.import', entity: 'ipv6_pool', entityId: id, after }) })
})
