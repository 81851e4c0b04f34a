import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { InfrastructureStores } from './ports.ts'

/** Deletes a pool all of whose addresses are free or blocked. @throws AppError not_found, address_pool_in_use */
export const deleteAddressPool = ({ transact }: { readonly transact: Transact<InfrastructureStores> }) => ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<void> => transact(async (stores) => {
  const before = await stores.addressPools.find(id)
  if (!before) throw new AppError('not_found')
  if (!await stores.addressPools.remove(id)) throw new AppError('address_pool_in_use')
  await stores.audit.record({ actor, action: 'address_pool.delete', entity: 'address_pool', entityId: id, before })
})
