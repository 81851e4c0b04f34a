import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import { addressesOf } from './address-range.ts'
import { checkNetwork, checkNodes } from './pool-network.ts'
import { daysBefore, lookBackDays, toPoolView } from './pool-outlook.ts'
import type { AddressPoolFields, InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly clock: Clock }
export interface AddressPoolChange { readonly actor: Actor, readonly id: string, readonly fields: Omit<AddressPoolFields, 'connectionId' | 'prefixLength'> }

/**
 * Changes a pool. Addresses that the range gains are free; those that it loses (one may become the gateway) have to be free. Machines that
 * are built stay as they are: gateway, name servers, bridge and VLAN are those of machines built from now on.
 * @throws AppError not_found, invalid_input
 */
export const updateAddressPool = ({ transact, clock }: Deps) => ({ actor, id, fields }: AddressPoolChange) => transact(async (stores) => {
  const before = await stores.poolAddresses.lockPool(id)
  if (!before) throw new AppError('not_found')
  checkNetwork(before.connectionKind, fields)
  await checkNodes(stores.nodes, before.connectionId, fields.nodes ?? [], before.nodes)
  const wanted = new Set(addressesOf({ ...fields, prefixLength: before.prefixLength }))
  const there = new Set((await stores.poolAddresses.all(id)).map(({ address }) => address))
  const [gained, lost] = [[...wanted].filter(address => !there.has(address)), [...there].filter(address => !wanted.has(address))]
  if (!await stores.poolAddresses.removeFree(id, lost)) throw lost.includes(fields.gateway) ? fieldError('gateway', 'gateway_in_use') : fieldError('lastAddress', 'range_loses_used')
  const now = clock.now()
  await stores.poolAddresses.updatePool(id, fields)
  await stores.poolAddresses.add(id, gained, now)
  const after = await stores.addressPools.find(id)
  if (!after) throw new AppError('not_found')
  const { counts: _, network: __, ...was } = before
  await stores.audit.record({ actor, action: 'address_pool.update', entity: 'address_pool', entityId: id, before: was, after: { ...fields, gained: gained.length, lost: lost.length } })
  return toPoolView(after, (await stores.poolAddresses.firstDays([id], daysBefore(now, lookBackDays))).get(id), now)
})
