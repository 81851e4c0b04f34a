import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { defaultLimits } from './placement.ts'
import type { ConnectionStore, InfrastructureStores, PlacementLimits } from './ports.ts'

export const limitsOf = ({ cpuOvercommit, memoryOvercommit, memoryReserveGiB, storageReserveGiB, maxAccounts }: PlacementLimits): PlacementLimits => ({ cpuOvercommit, memoryOvercommit, memoryReserveGiB, storageReserveGiB, maxAccounts })

/** How much of a connection may be sold. @throws AppError not_found */
export const showPlacementLimits = ({ connections }: { readonly connections: ConnectionStore }) => async (id: string): Promise<PlacementLimits> => {
  const found = await connections.find(id)
  if (!found) throw new AppError('not_found')
  return limitsOf(found)
}

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly stockDue: () => Promise<void> }

/** Sets how much of a connection may be sold. What is sold already stays: tighter limits only end the selling earlier. Of what the kind has no use for nothing is kept. @throws AppError not_found */
export const setPlacementLimits = ({ transact, stockDue }: Deps) => async ({ actor, id, limits }: { readonly actor: Actor, readonly id: string, readonly limits: PlacementLimits }): Promise<PlacementLimits> => {
  const kept = await transact(async (stores) => {
    const before = await stores.connections.lock(id)
    if (!before) throw new AppError('not_found')
    const after: PlacementLimits = isPanel(before.kind) ? { ...defaultLimits, storageReserveGiB: limits.storageReserveGiB, maxAccounts: limits.maxAccounts } : { ...limits, maxAccounts: null }
    await stores.capacity.setLimits(id, after)
    await stores.audit.record({ actor, action: 'connection.limits', entity: 'connection', entityId: id, before: limitsOf(before), after })
    return after
  })
  await stockDue()
  return kept
}
