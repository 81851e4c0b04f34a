import { AppError } from '#shared/errors/codes.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { SagaKind, SagaStatus } from '#shared/vocabulary/machines.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor } from '../kernel/ports.ts'
import { sagaDefinition } from './definitions.ts'
import { moveResource } from './move-resource.ts'
import type { ProvisioningStores, SagaRow } from './ports.ts'
import { cancelledReason, decide, revive } from './saga.ts'

/**
 * The step that staff may leave out now: the saga stands still at it, nothing is being undone, and its definition says that nothing rests on it. Null: none.
 * Pure.
 */
export function skippableStep(saga: { readonly kind: SagaKind, readonly status: SagaStatus, readonly reason: string | null, readonly step: number, readonly unwindTo?: number | null }, product: ProductKind): string | null {
  if (saga.status !== 'failed' && saga.status !== 'waiting') return null
  if (saga.reason === null || saga.reason === cancelledReason || (saga.unwindTo ?? null) !== null) return null
  const step = sagaDefinition(saga.kind, product).steps[saga.step]
  return step?.skippable ? step.name : null
}

/**
 * Leaves the step out at which the newest saga of a service stands still, and goes on with the next. Inside the caller's transaction; who and why stand beside the step. `step`: the one that was seen; another one is not left out instead.
 * @throws AppError not_found, step_not_skippable, action_in_progress
 */
export async function skipStep(stores: ProvisioningStores, { serviceId, step, reason, actor, at, wallNow }: { readonly serviceId: string, readonly step: string, readonly reason: string, readonly actor: Actor, readonly at: Date, readonly wallNow: Date }): Promise<Pick<SagaRow, 'kind' | 'id'>> {
  const service = await stores.serviceControl.lock(serviceId)
  if (!service) throw new AppError('not_found')
  const saga = await stores.sagas.lockNewest(serviceId)
  if (!saga || skippableStep(saga, service.kind) !== step) throw new AppError('step_not_skippable')
  const working = saga.leaseUntil !== null && saga.leaseUntil.getTime() >= wallNow.getTime()
  // What the hypervisor was asked to do may still be going on.
  if (working || saga.state.task) throw new AppError('action_in_progress')
  const definition = sagaDefinition(saga.kind, service.kind)
  const { next, changes } = decide(definition, revive(saga), { kind: 'done', skipped: true, detail: `${actor.name}: ${reason}` }, at)
  if (!await stores.sagas.reopen(saga.id, next)) throw new AppError('action_in_progress')
  await stores.sagas.store(saga.id, next, changes, null)
  await stores.sagas.remember(saga.id, { ...saga.state, task: null, sentAt: null })
  const resource = await stores.resources.lock(serviceId)
  if (saga.kind === 'provision' && resource?.status === 'error') await moveResource(stores, { serviceId, to: 'provisioning', cause: 'skip', actor: actorLabel(actor), at })
  if (next.status === 'running') await stores.outbox.emit('provisioning.saga-due', { sagaId: saga.id }, { singletonKey: `${saga.id}:skip:${saga.step}` })
  stores.live.publish({ audience: { userId: service.clientId }, name: 'service', id: serviceId })
  stores.live.publish({ audience: 'staff', name: 'service', id: serviceId })
  return saga
}
