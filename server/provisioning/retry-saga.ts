import { AppError } from '#shared/errors/codes.ts'
import { moveResource } from './move-resource.ts'
import type { ProvisioningStores, SagaRow } from './ports.ts'
import { cancelledReason, revive } from './saga.ts'

/** What was called off is wished anew, not tried again. */
const isOver = ({ status, reason }: Pick<SagaRow, 'status' | 'reason'>): boolean => status === 'done' || reason === cancelledReason

/**
 * Runs the newest saga of a service again from where it failed; a waiting one is woken now. Inside the caller's transaction.
 * @throws AppError transition_refused when there is nothing to retry, action_in_progress
 */
export async function retrySaga(stores: ProvisioningStores, input: { readonly serviceId: string, readonly actor: string, readonly at: Date }): Promise<void> {
  const service = await stores.serviceControl.lock(input.serviceId)
  if (!service) throw new AppError('not_found')
  const saga = await stores.sagas.lockNewest(input.serviceId)
  if (!saga || isOver(saga)) throw new AppError('transition_refused', { params: { from: saga?.status ?? 'none', to: 'running' } })
  if (saga.status === 'running') throw new AppError('action_in_progress')
  if (!await stores.sagas.reopen(saga.id, revive(saga))) throw new AppError('action_in_progress')
  const resource = await stores.resources.lock(input.serviceId)
  const working = saga.kind === 'provision' || (saga.kind === 'reinstall' && saga.step > 0) ? 'provisioning' as const : saga.kind === 'terminate' ? 'destroying' as const : null
  if (working && resource?.status === 'error') await moveResource(stores, { serviceId: input.serviceId, to: working, cause: 'retry', actor: input.actor, at: input.at })
  await stores.outbox.emit('provisioning.saga-due', { sagaId: saga.id }, { singletonKey: `${saga.id}:retry:${input.at.getTime()}` })
  stores.live.publish({ audience: { userId: service.clientId }, name: 'service', id: input.serviceId })
  stores.live.publish({ audience: 'staff', name: 'service', id: input.serviceId })
}
