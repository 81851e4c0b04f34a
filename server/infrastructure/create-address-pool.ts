import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { addressesOf } from './address-range.ts'
import { checkNetwork, checkNodes } from './pool-network.ts'
import { toPoolView } from './pool-outlook.ts'
import type { AddressPoolFields, InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly clock: Clock, readonly newId: NewId }

/** Adds a pool with all its addresses, free. @throws AppError invalid_input, also when an address stands in another pool */
export const createAddressPool = ({ transact, clock, newId }: Deps) => ({ actor, fields }: { readonly actor: Actor, readonly fields: AddressPoolFields }) => {
  const list = addressesOf(fields)
  const id = newId()
  return transact(async (stores) => {
    const connection = await stores.connections.find(fields.connectionId)
    if (!connection) throw fieldError('connectionId', 'connection_unknown')
    checkNetwork(connection.kind, fields)
    await checkNodes(stores.nodes, fields.connectionId, fields.nodes ?? [])
    await stores.addressPools.insert(id, fields, list, clock.now())
    const made = await stores.addressPools.find(id)
    if (!made) throw new AppError('not_found')
    await stores.audit.record({ actor, action: 'address_pool.create', entity: 'address_pool', entityId: id, after: { ...fields, addresses: list.length } })
    return toPoolView(made, undefined, clock.now())
  })
}
