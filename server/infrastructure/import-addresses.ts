import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { planList } from './address-list.ts'
import type { ListPlan } from './address-list.ts'
import type { AddressPoolStore, InfrastructureStores, PoolAddressStore } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly addressPools: AddressPoolStore, readonly poolAddresses: PoolAddressStore, readonly clock: Clock, readonly digest: (text: string) => string, /** Null: it is no text in UTF-8. */ readonly decode: (bytes: Uint8Array) => string | null }
interface Input { readonly id: string, readonly content: Uint8Array }
const shown = 50

function planOf(text: string | null, pool: Parameters<typeof planList>[1]): ListPlan {
  const plan = text === null ? null : planList(text, pool)
  if (!plan) throw new AppError('address_list_unknown')
  return plan
}

/** What a list would change, or changed. */
export const toListView = ({ changes, problems, unchanged }: ListPlan, digest: Deps['digest'], applied: boolean) => ({
  applied, difference: digest(JSON.stringify(changes)), changes: changes.slice(0, shown).map(({ line, address, from, to, reason }) => ({ line, address, from, to, reason })), blocked: changes.filter(({ to }) => to === 'blocked').length, freed: changes.filter(({ to }) => to === 'free').length,
  unchanged, problems: problems.slice(0, shown), problemCount: problems.length,
})

/** Changes what was agreed to, whichever pool it is of; another difference changes nothing and is answered. @throws AppError address_changed */
export async function applyList(plan: ListPlan, { digest, agreed, change, record }: { readonly digest: Deps['digest'], readonly agreed: string, /** False: a row is not as it was seen. */ change(): Promise<boolean>, record(after: { readonly blocked: string[], readonly freed: string[] }): Promise<void> }) {
  const view = toListView(plan, digest, false)
  if (plan.changes.length === 0) return { ...view, applied: true }
  if (view.difference !== agreed) return view
  if (!await change()) throw new AppError('address_changed')
  const of = (to: string) => plan.changes.filter(each => each.to === to).map(({ address }) => address)
  await record({ blocked: of('blocked'), freed: of('free') })
  return { ...view, applied: true }
}

/** What a list would change. @throws AppError not_found, address_list_unknown */
export const previewAddresses = ({ addressPools, poolAddresses, digest, decode }: Deps) => async ({ id, content }: Input) => {
  if (!await addressPools.find(id)) throw new AppError('not_found')
  return toListView(planOf(decode(content), await poolAddresses.all(id)), digest, false)
}

/**
 * Applies just what was seen in the preview: should the list or the pool be another by now, nothing changes and the answer says what would.
 * Applied again, there is nothing left to do. @throws AppError not_found, address_list_unknown
 */
export const importAddresses = ({ transact, clock, digest, decode }: Deps) => ({ actor, id, content, agreed }: Input & { readonly actor: Actor, readonly agreed: string }) => transact(async (stores) => {
  if (!await stores.poolAddresses.lockPool(id)) throw new AppError('not_found')
  const plan = planOf(decode(content), await stores.poolAddresses.all(id))
  return applyList(plan, { digest, agreed, change: () => stores.poolAddresses.change(id, plan.changes, clock.now()), record: after => stores.audit.record({ actor, action: 'address_pool.import', entity: 'address_pool', entityId: id, after }) })
})
