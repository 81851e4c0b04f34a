import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import type { BackupAction, AccessAction, PowerAction, RescueAction, ResourceStatus, SagaKind, SnapshotAction } from '#shared/vocabulary/machines.ts'
import type { ServiceStatus } from '#shared/vocabulary/billing.ts'
import { moveResource } from './move-resource.ts'
import type { ProvisioningStores, ResourceRow, SagaRow, SagaState } from './ports.ts'
import { sagaDefinition } from './definitions.ts'

/** What a client or staff ask of a machine, not what money does. */
type Act = 'power' | 'snapshot' | 'rollback' | 'reinstall' | 'firewall' | 'access' | 'rename' | 'rescue' | 'backup' | 'restore' | 'move' | 'ipv6' | 'adopt' | 'unlink' | 'throttle' | 'rebuild'
type Lifecycle = Exclude<SagaKind, Act>

export type Opening = { readonly kind: 'open', readonly supersede: boolean } | { readonly kind: 'later' } | { readonly kind: 'nothing', readonly why: string }

/** The states of the service in which a saga of this kind is wanted at all: an event that was overtaken by another one asks for nothing. */
const wantedIn: Record<Lifecycle, readonly ServiceStatus[]> = { provision: ['pending'], suspend: ['suspended'], resume: ['suspended'], terminate: ['ended'], resize: ['active', 'past_due'] }
const beginsFrom: Record<Lifecycle, readonly ResourceStatus[]> = {
  provision: ['none'], suspend: ['ready', 'error'], resume: ['stopped_by_policy', 'ready', 'error'], terminate: ['none', 'unlinked', 'provisioning', 'ready', 'stopped_by_policy', 'error', 'destroying'],
  resize: ['ready'],
}
/** Who may push whom aside while nobody works on it: money that came lifts a suspension that could not be carried out yet; the end stops everything. A rollback and a restore make right what they brought back, a reinstall builds what it destroyed and a move starts what it stopped, before anything else begins; whose a machine is stands still only between adoptions and unlinks, which nothing pushes aside. */
const pushesAside: Record<Lifecycle, readonly SagaKind[]> = { provision: [], suspend: ['power', 'resize', 'snapshot', 'firewall', 'access', 'rename', 'rescue', 'backup', 'ipv6', 'throttle'], resume: ['suspend', 'power', 'resize', 'snapshot', 'firewall', 'access', 'rename', 'rescue', 'backup', 'ipv6', 'throttle'], terminate: ['provision', 'suspend', 'resume', 'power', 'resize', 'snapshot', 'rollback', 'reinstall', 'firewall', 'access', 'rename', 'rescue', 'backup', 'restore', 'move', 'ipv6', 'throttle', 'rebuild'], resize: [] }

/** Whether a saga of this kind begins now, later (another one is open) or not at all. Pure. `free`: nobody works on the open one. */
export function decideOpening(kind: Lifecycle, facts: { readonly service: ServiceStatus, readonly resumable: boolean, readonly changed: boolean, readonly resource: ResourceStatus, readonly open: { readonly kind: SagaKind, readonly free: boolean } | null }): Opening {
  if (!wantedIn[kind].includes(facts.service)) return { kind: 'nothing', why: `the service is ${facts.service}` }
  if (kind === 'resume' && !facts.resumable) return { kind: 'nothing', why: 'suspended anew' }
  if (kind === 'resize' && !facts.changed) return { kind: 'nothing', why: 'the machine is what was sold' }
  if (kind === 'suspend' && facts.resumable) return { kind: 'nothing', why: 'the suspension was lifted' }
  if (facts.open?.kind === kind) return { kind: 'nothing', why: 'one is open already' }
  if (facts.open && !(facts.open.free && pushesAside[kind].includes(facts.open.kind))) return { kind: 'later' }
  if (!beginsFrom[kind].includes(facts.resource)) return { kind: 'nothing', why: `the machine is ${facts.resource}` }
  return { kind: 'open', supersede: facts.open !== null }
}

const isFree = (saga: SagaRow, wallNow: Date) => saga.leaseUntil === null || saga.leaseUntil.getTime() < wallNow.getTime()

async function begin(stores: ProvisioningStores, input: { kind: SagaKind, product: ProductKind, action: PowerAction | SnapshotAction | BackupAction | AccessAction | RescueAction | null, state?: SagaState, serviceId: string, clientId: string, actor: string }): Promise<string | null> {
  const steps = sagaDefinition(input.kind, input.product).steps.map(step => step.name)
  const sagaId = await stores.sagas.open({ kind: input.kind, action: input.action, serviceId: input.serviceId, actor: input.actor, steps, ...(input.state ? { state: input.state } : {}) })
  if (sagaId === null) return null
  await stores.outbox.emit('provisioning.saga-due', { sagaId }, { singletonKey: sagaId })
  stores.live.publish({ audience: { userId: input.clientId }, name: 'service', id: input.serviceId })
  stores.live.publish({ audience: 'staff', name: 'service', id: input.serviceId })
  return sagaId
}

export interface OpenSagaInput { readonly kind: Lifecycle, readonly serviceId: string, readonly cause: string, readonly actor: string, readonly at: Date, readonly wallNow: Date }

/** Ends a task that nobody works on, and tells other books. */
export async function cancelSaga(stores: ProvisioningStores, saga: SagaRow, { product, reason, at }: { readonly product: ProductKind, readonly reason: string, readonly at: Date }): Promise<void> {
  await stores.sagas.cancel(saga.id, reason)
  await sagaDefinition(saga.kind, product).onFailed?.(stores, saga, { reason, at, cancelled: true })
}

/**
 * Begins the saga that an event asks for, inside the caller's transaction. The rows of the service and its machine are locked and decide:
 * two equal events begin one saga (D3), an overtaken event none. `later`: another saga has to end first; ask again.
 */
export async function openSaga(stores: ProvisioningStores, input: OpenSagaInput): Promise<Opening> {
  const service = await stores.serviceControl.lock(input.serviceId)
  if (!service) return { kind: 'nothing', why: 'no such service' }
  if (service.byHand) return { kind: 'nothing', why: 'people do it' }
  await stores.resources.ensure(input.serviceId)
  const resource = await stores.resources.lock(input.serviceId) as ResourceRow
  const open = await stores.sagas.lockOpen(input.serviceId)
  // A panel that restores an account would bring it back after it was removed: that is waited for.
  const interruptible = open !== null && !(open.kind === 'restore' && service.kind === 'hosting')
  const opening = decideOpening(input.kind, { service: service.status, resumable: service.resumable, changed: service.changed, resource: resource.status, open: open && { kind: open.kind, free: interruptible && isFree(open, input.wallNow) } })
  if (opening.kind !== 'open') return opening
  if (open) await cancelSaga(stores, open, { product: service.kind, reason: `superseded by ${input.kind}`, at: input.at })
  const move = { serviceId: input.serviceId, cause: input.cause, actor: input.actor, at: input.at }
  if (input.kind === 'terminate' && (resource.status === 'none' || resource.status === 'unlinked')) {
    await moveResource(stores, { ...move, to: 'destroyed' })
    await stores.addresses.release(input.serviceId)
    await stores.hostingAccounts.release(input.serviceId)
    return opening
  }
  if (input.kind === 'provision') await moveResource(stores, { ...move, to: 'provisioning' })
  if (input.kind === 'terminate') await moveResource(stores, { ...move, to: 'destroying' })
  const sagaId = await begin(stores, { kind: input.kind, product: service.kind, action: null, serviceId: input.serviceId, clientId: service.clientId, actor: input.actor })
  return sagaId === null ? { kind: 'later' } : opening
}

/**
 * Does once more what was done and did not last: the machine of a suspended service is stopped again, that of a running one made what was sold.
 * @throws AppError service_not_ready, action_in_progress
 */
export async function openRepair(stores: ProvisioningStores, input: { readonly kind: 'suspend' | 'resize' | 'firewall', readonly serviceId: string, readonly actor: string }): Promise<void> {
  const service = await stores.serviceControl.lock(input.serviceId)
  const resource = await stores.resources.lock(input.serviceId)
  const fits = input.kind === 'suspend' ? service?.status === 'suspended' && !service.resumable && resource?.status === 'stopped_by_policy' : (service?.status === 'active' || service?.status === 'past_due') && resource?.status === 'ready'
  if (!service || !fits) throw new AppError('service_not_ready')
  const begun = await stores.sagas.lockOpen(input.serviceId) ? null : await begin(stores, { ...input, action: null, product: service.kind, clientId: service.clientId })
  if (begun === null) throw new AppError('action_in_progress')
}

/** A service whose failed machine staff may make anew: it had one once, and has not ended. */
export const mendable = (status: ServiceStatus): boolean => status === 'active' || status === 'past_due' || status === 'suspended'

/** What staff do with the tie between a service and its machine, where `refusal` has nothing against it under the locks of both. @throws AppError not_found, what `refusal` says, action_in_progress */
export async function openTie(stores: ProvisioningStores, input: { readonly kind: 'adopt' | 'unlink' | 'provision' | 'rebuild', readonly serviceId: string, readonly actor: string, readonly at: Date, readonly state?: SagaState, readonly refusal: (at: { readonly productKind: ProductKind, readonly status: ServiceStatus, readonly resourceStatus: ResourceStatus, readonly openSaga: SagaKind | null }) => ErrorCode | null }): Promise<void> {
  const service = await stores.serviceControl.lock(input.serviceId)
  if (!service) throw new AppError('not_found')
  const resource = await stores.resources.lock(input.serviceId)
  const refusal = input.refusal({ productKind: service.kind, status: service.status, resourceStatus: resource?.status ?? 'none', openSaga: (await stores.sagas.lockOpen(input.serviceId))?.kind ?? null })
  if (refusal) throw new AppError(refusal)
  if (input.kind === 'provision') await moveResource(stores, { serviceId: input.serviceId, to: 'provisioning', cause: 'build', actor: input.actor, at: input.at })
  if (await begin(stores, { ...input, action: null, product: service.kind, clientId: service.clientId }) === null) throw new AppError('action_in_progress')
}

/** A power action as a saga. @throws AppError service_suspended (D11), service_not_ready, action_in_progress */
export const openPowerSaga = (stores: ProvisioningStores, input: { readonly serviceId: string, readonly action: PowerAction, readonly actor: string }): Promise<void> => openAct(stores, { kind: 'power', of: 'vps', ...input })

/** A new password of a hosting account as a saga; it is kept sealed until it is set. @throws AppError as a power action */
export const openPasswordSaga = (stores: ProvisioningStores, { sealed, ...input }: { readonly serviceId: string, readonly sealed: string, readonly actor: string }): Promise<void> => openAct(stores, { kind: 'power', of: 'hosting', action: 'password', state: { password: sealed }, ...input })

/** Staff's exceptions: a machine that failed, or one that is off because its service is suspended. Pure. */
const excepted = ({ of, alsoBroken = false, alsoSuspended = false }: { readonly of: ProductKind, readonly alsoBroken?: boolean, readonly alsoSuspended?: boolean }, service: { readonly kind: ProductKind, readonly status: ServiceStatus }, resource: ResourceStatus | undefined): boolean =>
  service.kind === of && ((alsoBroken && resource === 'error' && mendable(service.status)) || (alsoSuspended && service.status === 'suspended' && resource === 'stopped_by_policy'))

/** What somebody asks of a running service of this kind, as a saga; one at a time. @throws AppError service_suspended (D11), service_not_ready, action_in_progress */
export async function openAct(stores: ProvisioningStores, input: { readonly kind: Act, readonly of: ProductKind, readonly serviceId: string, readonly action: PowerAction | SnapshotAction | BackupAction | AccessAction | RescueAction | null, readonly actor: string, readonly state?: SagaState, /** Also of a machine that failed, whatever its service owes. */ readonly alsoBroken?: boolean, /** Also of a machine that is off because its service is suspended. */ readonly alsoSuspended?: boolean }): Promise<void> {
  const service = await stores.serviceControl.lock(input.serviceId)
  if (!service) throw new AppError('not_found')
  const resource = await stores.resources.lock(input.serviceId)
  if (!excepted(input, service, resource?.status)) {
    if (service.status === 'suspended') throw new AppError('service_suspended')
    if ((service.status !== 'active' && service.status !== 'past_due') || resource?.status !== 'ready' || service.kind !== input.of) throw new AppError('service_not_ready')
  }
  const begun = await stores.sagas.lockOpen(input.serviceId) ? null : await begin(stores, { ...input, product: service.kind, clientId: service.clientId })
  if (begun === null) throw new AppError('action_in_progress')
}
