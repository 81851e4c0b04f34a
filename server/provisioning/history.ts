import type { z } from 'zod'
import type { serviceActView } from '#shared/contracts/history.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Locale, ProductKind } from '#shared/vocabulary/catalog.ts'
import { taskName } from '#shared/vocabulary/machines.ts'
import type { SagaKind } from '#shared/vocabulary/machines.ts'
import { roles } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, Page, PageRequest, Transact } from '../kernel/ports.ts'
import type { HistoryStore, NoteAct, TaskAct } from './history-ports.ts'
import { sagaDefinition } from './definitions.ts'
import { cancelSaga } from './open-saga.ts'
import type { ProvisioningStores, SagaRow } from './ports.ts'
import { callOff, cancelledReason } from './saga.ts'
import { clientReason } from './texts.ts'

export type ServiceAct = z.input<typeof serviceActView>
interface Asked { readonly id: string, /** Null: staff. */ readonly clientId: string | null }

/** What people ask for and may take back while nothing of it was sent. */
const wished: readonly SagaKind[] = ['power', 'snapshot', 'rollback', 'reinstall', 'rebuild']

/**
 * Whether a task may be called off: people asked for it, nobody works on it, and nothing of it was sent to the hypervisor. That is so before any worker
 * took it up; of a power act as long as the act itself was not sent; of a reinstall and a rebuild while they only look. Firewall rules are a wish that is kept, and
 * what money does is not called off. Pure.
 */
export function isCancellable({ kind, action, status, step, fence, state, leaseUntil }: Pick<SagaRow, 'kind' | 'action' | 'status' | 'step' | 'fence' | 'state' | 'leaseUntil'>, wallNow: Date): boolean {
  if (status !== 'running' && status !== 'waiting') return false
  if (!wished.includes(kind)) return false
  if (leaseUntil !== null && leaseUntil.getTime() >= wallNow.getTime()) return false
  if (fence === 0) return true
  if (step > 0 || state.task || state.sentAt) return false
  return kind === 'reinstall' || kind === 'rebuild' || (kind === 'power' && action !== 'password')
}

/**
 * Whether a task that has begun may still be called off: its steps so far take back what they did, and nobody has said so yet. One that failed for good may be, too, as long as
 * nothing was begun after it. Pure.
 */
export function isRevocable({ kind, status, reason, step, calledOffAt }: Pick<SagaRow, 'kind' | 'status' | 'reason' | 'step' | 'calledOffAt'>, isNewest: boolean): boolean {
  const { callOffBefore, steps } = sagaDefinition(kind, 'vps')
  if (callOffBefore === undefined || calledOffAt !== null || reason === cancelledReason || step >= steps.findIndex(({ name }) => name === callOffBefore)) return false
  return status === 'running' || status === 'waiting' || (status === 'failed' && isNewest)
}
/** What staff alone begin, they alone call off. */
const ofStaff = ({ kind }: Pick<SagaRow, 'kind'>) => kind === 'rebuild'

/** `owner:<id>` or `system:billing` as who it was. */
function byOf(actor: string, name: string | null, forStaff: boolean): ServiceAct['by'] {
  const [first = '', what = null] = actor.split(':')
  const role = (roles as readonly string[]).includes(first) ? first as Role : null
  const kind = role === null ? 'system' : role === 'client' ? 'client' : 'staff'
  return { kind, role: forStaff ? role : null, name: forStaff ? kind === 'system' ? what : name : null }
}

function callingOffOf(saga: SagaRow, wallNow: Date, isNewest: boolean): Pick<ServiceAct, 'cancellable' | 'undoes'> {
  const atOnce = isCancellable(saga, wallNow)
  const undoes = !atOnce && isRevocable(saga, isNewest)
  return { cancellable: atOnce || undoes, undoes }
}

function ofTask({ saga, steps, wanted, actor, name }: TaskAct, { locale, wallNow, newest }: { readonly locale: Locale | null, readonly wallNow: Date, /** The id of the newest task, where it is seen. */ readonly newest: string | null }): ServiceAct {
  const forStaff = locale === null
  const cancelled = saga.status === 'failed' && saga.reason === cancelledReason
  return {
    id: saga.id, source: 'task', what: taskName(saga), at: saga.startedAt.toISOString(), finishedAt: saga.finishedAt?.toISOString() ?? null, outcome: cancelled ? 'cancelled' : saga.status,
    by: wanted ? byOf(wanted.actor, null, forStaff) : byOf(actor, name, forStaff), why: wanted?.cause ?? null, reason: saga.reason === null || cancelled ? null : forStaff ? saga.reason : clientReason(saga.status, locale),
    steps: steps.map(step => ({ ...step, startedAt: step.startedAt?.toISOString() ?? null, finishedAt: step.finishedAt?.toISOString() ?? null, detail: forStaff ? step.detail : null })),
    ...(forStaff || !ofStaff(saga) ? callingOffOf(saga, wallNow, saga.id === newest) : { cancellable: false, undoes: false }), callingOff: saga.finishedAt === null && saga.calledOffAt !== null,
  }
}
const ofNote = ({ id, action, at, role, actor, name }: NoteAct, forStaff: boolean): ServiceAct => ({ id, source: 'note', what: action, at: at.toISOString(), finishedAt: at.toISOString(), outcome: 'done', by: byOf(role === null ? actor : `${role}:`, name, forStaff), why: null, reason: null, steps: [], cancellable: false, undoes: false, callingOff: false })

/** What was done with a service, page by page. A client reads reasons in his language, and no names of staff, nodes or tasks. @throws AppError not_found */
export const showHistory = ({ read, wallClock }: { readonly read: Pick<ProvisioningStores, 'serviceControl'> & { readonly history: HistoryStore }, readonly wallClock: Clock }) => async ({ id, clientId, locale, page }: Asked & { readonly locale: Locale, readonly page: PageRequest }): Promise<Page<ServiceAct>> => {
  const known = clientId === null ? await read.serviceControl.hostname(id) !== null : await read.serviceControl.isOwnedBy(id, clientId)
  if (!known) throw new AppError('not_found')
  const found = await read.history.list(id, page, clientId !== null)
  const how = { locale: clientId === null ? null : locale, wallNow: wallClock.now(), newest: page.page === 1 ? found.items.find(act => act.source === 'task')?.saga.id ?? null : null }
  return { ...found, items: found.items.map(act => act.source === 'task' ? ofTask(act, how) : ofNote(act, clientId === null)) }
}

/** Nothing of it was sent: it is over at once. Else whoever works on it next takes back what its steps did. */
async function endOrUndo(stores: ProvisioningStores, saga: SagaRow, { product, wallNow }: { readonly product: ProductKind, readonly wallNow: Date }): Promise<void> {
  if (isCancellable(saga, wallNow)) return cancelSaga(stores, saga, { product, reason: cancelledReason, at: wallNow })
  if (!isRevocable(saga, true)) throw new AppError('task_begun')
  if (saga.status === 'failed' && !await stores.sagas.reopen(saga.id, { ...callOff(saga), status: 'running' })) throw new AppError('action_in_progress')
  await stores.sagas.callOff(saga.id, wallNow)
  await stores.outbox.emit('provisioning.saga-due', { sagaId: saga.id }, { singletonKey: `${saga.id}:call-off` })
}

/**
 * Calls off a task that has sent nothing yet, or one that takes back what it did; written to the audit log. What staff alone begin, they alone call off.
 * @throws AppError not_found, task_begun, action_in_progress
 */
export const cancelTask = ({ transact, wallClock }: { readonly transact: Transact<ProvisioningStores>, readonly wallClock: Clock }) => ({ id, clientId, taskId, actor }: Asked & { readonly taskId: string, readonly actor: Actor }): Promise<void> => transact(async (stores) => {
  const service = await stores.serviceControl.lock(id)
  if (!service || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  const saga = await stores.sagas.lockOpen(id) ?? await stores.sagas.lockNewest(id)
  if (saga?.id !== taskId) throw new AppError((await stores.sagas.find(taskId))?.serviceId === id ? 'task_begun' : 'not_found')
  if (clientId !== null && ofStaff(saga)) throw new AppError('task_begun')
  await endOrUndo(stores, saga, { product: service.kind, wallNow: wallClock.now() })
  await stores.audit.record({ actor, action: 'service.cancel_task', entity: 'service', entityId: id, after: { kind: saga.kind, action: saga.action, by: actorLabel(actor) } })
  stores.live.publish({ audience: { userId: service.clientId }, name: 'service', id })
  stores.live.publish({ audience: 'staff', name: 'service', id })
})
