import { AppError } from '#shared/errors/codes.ts'
import type { ResourceStatus } from '#shared/vocabulary/machines.ts'
import { mayMoveResource } from './resource-lifecycle.ts'
import type { ProvisioningStores } from './ports.ts'

/**
 * Moves a machine's state inside the caller's transaction and writes the transition beside it; already there: only the problem is
 * refreshed. The one writer of `resources.status`. @throws AppError transition_refused, not_found
 */
export const moveResource = async (stores: Pick<ProvisioningStores, 'resources' | 'transitions'>, move: { serviceId: string, to: ResourceStatus, cause: string, actor: string, at: Date, problem?: string | null }): Promise<ResourceStatus> => {
  const resource = await stores.resources.lock(move.serviceId)
  if (!resource) throw new AppError('not_found')
  const problem = move.problem ?? null
  if (resource.status === move.to) {
    if (resource.problem !== problem) await stores.resources.update(move.serviceId, { problem })
    return resource.status
  }
  if (!mayMoveResource(resource.status, move.to)) throw new AppError('transition_refused', { params: { from: resource.status, to: move.to } })
  await stores.resources.update(move.serviceId, { status: move.to, problem })
  await stores.transitions.record({ entity: 'resource', entityId: move.serviceId, from: resource.status, to: move.to, cause: move.cause, actor: move.actor, at: move.at })
  return resource.status
}
