import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { AddressChange } from './address-ports.ts'
import { toAddressView } from './show-address-pool.ts'
import type { InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly clock: Clock }
export type AddressAct = { readonly action: 'block' | 'release', readonly reason: string } | { readonly action: 'unblock' }

const stepOf = (act: AddressAct): Omit<AddressChange, 'id'> => {
  if (act.action === 'block') return { from: 'free', to: 'blocked', reason: act.reason }
  return { from: act.action === 'unblock' ? 'blocked' : 'quarantine', to: 'free', reason: null }
}

/**
 * Keeps a free address from being handed out, takes that back, or ends a quarantine early. Asked again, it is as it was just done. Nobody's
 * address is ever touched. @throws AppError not_found, address_changed when it is no longer free, blocked or resting
 */
export const settleAddress = ({ transact, clock }: Deps) => ({ actor, poolId, id, act }: { readonly actor: Actor, readonly poolId: string, readonly id: string, readonly act: AddressAct }) => transact(async (stores) => {
  const before = await stores.poolAddresses.find(poolId, id)
  if (!before) throw new AppError('not_found')
  const step = stepOf(act)
  if (before.status === step.to && before.reason === step.reason) return toAddressView(before)
  if (before.status !== step.from || !await stores.poolAddresses.change(poolId, [{ id, ...step }], clock.now())) throw new AppError('address_changed')
  const after = await stores.poolAddresses.find(poolId, id)
  if (!after) throw new AppError('not_found')
  await stores.audit.record({ actor, action: `address.${act.action}`, entity: 'address', entityId: id, before: { address: before.address, status: before.status, reason: before.reason, quarantineUntil: before.quarantineUntil }, after: { status: after.status, reason: 'reason' in act ? act.reason : null } })
  return toAddressView(after)
})
