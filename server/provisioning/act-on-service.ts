import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { PowerAction } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { openPowerSaga } from './open-saga.ts'
import type { ProvisioningStores, ScheduleCancellation } from './ports.ts'

export interface ServiceAction { readonly id: string, readonly action: PowerAction | 'cancel' | 'keep', readonly hostname?: string | undefined, readonly actor: Extract<Actor, { kind: 'user' }> }

/**
 * A client's act on one of his services: a power action becomes a saga; `cancel` lets it end with what is paid (its hostname has to be
 * typed), `keep` takes that back. @throws AppError not_found, service_suspended, service_not_ready, action_in_progress, transition_refused, invalid_input
 */
export const actOnService = (deps: { transact: Transact<ProvisioningStores>, scheduleCancellation: ScheduleCancellation }) => ({ id, action, hostname, actor }: ServiceAction): Promise<void> => deps.transact(async (stores) => {
  if (!await stores.serviceControl.isOwnedBy(id, actor.id)) throw new AppError('not_found')
  if (action !== 'cancel' && action !== 'keep') return openPowerSaga(stores, { serviceId: id, action, actor: actorLabel(actor) })
  if (action === 'cancel' && hostname !== await stores.serviceControl.hostname(id)) throw fieldError('hostname', 'hostname_mismatch')
  await deps.scheduleCancellation(stores, { serviceId: id, clientId: actor.id, cancel: action === 'cancel', actor })
})
