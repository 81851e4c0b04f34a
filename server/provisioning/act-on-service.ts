import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { CancelReason } from '#shared/vocabulary/billing.ts'
import type { PowerAction } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { openPowerSaga } from './open-saga.ts'
import type { CancelNow, ProvisioningStores, ScheduleCancellation } from './ports.ts'

export interface ServiceAction { readonly id: string, readonly action: PowerAction | 'cancel' | 'cancel_now' | 'keep', readonly hostname?: string | undefined, readonly reason?: CancelReason | undefined, readonly note?: string | undefined, readonly actor: Extract<Actor, { kind: 'user' }> }

/**
 * A client's act on one of his services: a power action becomes a saga; `cancel` lets it end with what is paid, `cancel_now` at once (for
 * both its hostname has to be typed), `keep` takes `cancel` back. @throws AppError not_found, service_suspended, service_not_ready,
 * action_in_progress, transition_refused, invalid_input
 */
export const actOnService = (deps: { transact: Transact<ProvisioningStores>, scheduleCancellation: ScheduleCancellation, cancelNow: CancelNow }) => ({ id, action, hostname, reason, note, actor }: ServiceAction): Promise<void> => deps.transact(async (stores) => {
  if (!await stores.serviceControl.isOwnedBy(id, actor.id)) throw new AppError('not_found')
  if (action !== 'cancel' && action !== 'cancel_now' && action !== 'keep') return openPowerSaga(stores, { serviceId: id, action, actor: actorLabel(actor) })
  if (action !== 'keep' && hostname !== await stores.serviceControl.hostname(id)) throw fieldError('hostname', 'hostname_mismatch')
  const wish = { serviceId: id, clientId: actor.id, why: { reason: reason ?? null, note: note?.trim() || null }, actor }
  return action === 'cancel_now' ? deps.cancelNow(stores, wish) : deps.scheduleCancellation(stores, { ...wish, cancel: action === 'cancel' })
})
