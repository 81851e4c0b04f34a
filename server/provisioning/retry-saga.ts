import { AppError } from '#shared/errors/codes.ts'
import { heldBackupStates, isRetriable } from '#shared/vocabulary/machines.ts'
import { placeForRetry } from './backup-retry.ts'
import { moveResource } from './move-resource.ts'
import type { ProvisioningStores, SagaRow } from './ports.ts'
import { cancelledReason, revive } from './saga.ts'

/** What was called off is wished anew, not tried again; a running one may be, later. */
const isOver = (saga: Pick<SagaRow, 'kind' | 'status' | 'reason'>): boolean => saga.reason === cancelledReason || !(saga.status === 'running' || isRetriable(saga))

/**
 * Runs the newest saga of a service again from where it failed; a waiting one is woken now. Inside the caller's transaction.
 * @throws AppError transition_refused when there is nothing to retry, action_in_progress, backup_limit
 */
export async function retrySaga(stores: ProvisioningStores, input: { readonly serviceId: string, readonly actor: string, readonly at: Date }): Promise<void> {
  const service = await stores.serviceControl.lock(input.serviceId)
  if (!service) throw new AppError('not_found')
  const saga = await stores.sagas.lockNewest(input.serviceId)
  if (!saga || isOver(saga)) throw new AppError('transition_refused', { params: { from: saga?.status ?? 'none', to: 'running' } })
  if (saga.status === 'running') throw new AppError('action_in_progress')
  await takePlace(stores, saga)
  if (!await stores.sagas.reopen(saga.id, revive(saga))) throw new AppError('action_in_progress')
  const resource = await stores.resources.lock(input.serviceId)
  const working = workingState(saga)
  if (working && resource?.status === 'error') await moveResource(stores, { serviceId: input.serviceId, to: working, cause: 'retry', actor: input.actor, at: input.at })
  await stores.outbox.emit('provisioning.saga-due', { sagaId: saga.id }, { singletonKey: `${saga.id}:retry:${input.at.getTime()}` })
  stores.live.publish({ audience: { userId: service.clientId }, name: 'service', id: input.serviceId })
  stores.live.publish({ audience: 'staff', name: 'service', id: input.serviceId })
}

/** What the state of a machine says while this is done to it; null: nothing of its own. */
function workingState({ kind, step }: Pick<SagaRow, 'kind' | 'step'>): 'provisioning' | 'destroying' | null {
  if (kind === 'terminate') return 'destroying'
  return kind === 'provision' || ((kind === 'reinstall' || kind === 'rebuild') && step > 0) ? 'provisioning' : null
}

/** A backup that failed counts for nothing; tried again, it takes a place as a new one does, before it is there, and one that was made by itself makes room as things stand now. */
async function takePlace({ backups, sagas }: Pick<ProvisioningStores, 'backups' | 'sagas'>, saga: SagaRow): Promise<void> {
  if (saga.kind !== 'backup' || saga.action !== 'create' || saga.status !== 'failed') return
  const row = saga.state.backup ? await backups.find(saga.state.backup.id) : null
  if (!saga.state.backup || row?.state !== 'failed') return
  const [terms, held] = [await backups.terms(saga.serviceId), await backups.inStates(saga.serviceId, heldBackupStates)]
  const included = terms?.included ?? 0
  const replaces = placeForRetry(row.origin, held, included)
  if (replaces === null) throw new AppError('backup_limit', { params: { limit: included } })
  await backups.move(row.id, ['failed'], { state: 'running', endedAt: null, problem: null })
  await sagas.remember(saga.id, { ...saga.state, backup: { id: row.id, replaces } })
}
