import type { z } from 'zod'
import type { serviceActView } from '#shared/contracts/history.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Locale } from '#shared/vocabulary/catalog.ts'
import { taskName } from '#shared/vocabulary/machines.ts'
import { roles } from '#shared/vocabulary/roles.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Clock, Page, PageRequest, Transact } from '../kernel/ports.ts'
import type { HistoryStore, NoteAct, TaskAct } from './history-ports.ts'
import { cancelSaga } from './open-saga.ts'
import type { ProvisioningStores, SagaRow } from './ports.ts'
import { cancelledReason } from './saga.ts'
import { clientReason } from './texts.ts'

export type ServiceAct = z.input<typeof serviceActView>
interface Asked { readonly id: string, /** Null: staff. */ readonly clientId: string | null }

/**
 * Whether a task may be called off: people asked for it, nobody works on it, and nothing of it was sent to the hypervisor. That is so before any worker
 * took it up; of a power act as long as the act itself was not sent; of a reinstall while it only looks. Firewall rules are a wish that is kept, and
 * what money does is not called off. Pure.
 */
export function isCancellable({ kind, action, status, step, fence, state, leaseUntil }: Pick<SagaRow, 'kind' | 'action' | 'status' | 'step' | 'fence' | 'state' | 'leaseUntil'>, wallNow: Date): boolean {
  if (status !== 'running' && status !== 'waiting') return false
  if (kind !== 'power' && kind !== 'snapshot' && kind !== 'rollback' && kind !== 'reinstall') return false
  if (leaseUntil !== null && leaseUntil.getTime() >= wallNow.getTime()) return false
  if (fence === 0) return true
  if (step > 0 || state.task || state.sentAt) return false
  return kind === 'reinstall' || (kind === 'power' && action !== 'password')
}

/** `owner:<id>` or `system:billing` as who it was. */
function byOf(actor: string, name: string | null, forStaff: boolean): ServiceAct['by'] {
  const [first = '', what = null] = actor.split(':')
  const role = (roles as readonly string[]).includes(first) ? first as Role : null
  const kind = role === null ? 'system' : role === 'client' ? 'client' : 'staff'
  return { kind, role: forStaff ? role : null, name: forStaff ? kind === 'system' ? what : name : null }
}

function ofTask({ saga, steps, wanted, actor, name }: TaskAct, { locale, wallNow }: { readonly locale: Locale | null, readonly wallNow: Date }): ServiceAct {
  const forStaff = locale === null
  const cancelled = saga.status === 'failed' && saga.reason === cancelledReason
  return {
    id: saga.id, source: 'task', what: taskName(saga), at: saga.startedAt.toISOString(), finishedAt: saga.finishedAt?.toISOString() ?? null, outcome: cancelled ? 'cancelled' : saga.status,
    by: wanted ? byOf(wanted.actor, null, forStaff) : byOf(actor, name, forStaff), why: wanted?.cause ?? null, reason: saga.reason === null || cancelled ? null : forStaff ? saga.reason : clientReason(saga.status, locale),
    steps: steps.map(step => ({ ...step, startedAt: step.startedAt?.toISOString() ?? null, finishedAt: step.finishedAt?.toISOString() ?? null, detail: forStaff ? step.detail : null })), cancellable: isCancellable(saga, wallNow),
  }
}
const ofNote = ({ id, action, at, role, actor, name }: NoteAct, forStaff: boolean): ServiceAct => ({ id, source: 'note', what: action, at: at.toISOString(), finishedAt: at.toISOString(), outcome: 'done', by: byOf(role === null ? actor : `${role}:`, name, forStaff), why: null, reason: null, steps: [], cancellable: false })

/** What was done with a service, page by page. A client reads reasons in his language, and no names of staff, nodes or tasks. @throws AppError not_found */
export const showHistory = ({ read, wallClock }: { readonly read: Pick<ProvisioningStores, 'serviceControl'> & { readonly history: HistoryStore }, readonly wallClock: Clock }) => async ({ id, clientId, locale, page }: Asked & { readonly locale: Locale, readonly page: PageRequest }): Promise<Page<ServiceAct>> => {
  const known = clientId === null ? await read.serviceControl.hostname(id) !== null : await read.serviceControl.isOwnedBy(id, clientId)
  if (!known) throw new AppError('not_found')
  const found = await read.history.list(id, page, clientId !== null)
  const how = { locale: clientId === null ? null : locale, wallNow: wallClock.now() }
  return { ...found, items: found.items.map(act => act.source === 'task' ? ofTask(act, how) : ofNote(act, clientId === null)) }
}

/** Calls off a task that has sent nothing yet; staff's word is written to the audit log. @throws AppError not_found, task_begun */
export const cancelTask = ({ transact, wallClock }: { readonly transact: Transact<ProvisioningStores>, readonly wallClock: Clock }) => ({ id, clientId, taskId, actor }: Asked & { readonly taskId: string, readonly actor: Actor }): Promise<void> => transact(async (stores) => {
  const service = await stores.serviceControl.lock(id)
  if (!service || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  const saga = await stores.sagas.lockOpen(id)
  if (saga?.id !== taskId) throw new AppError(saga || (await stores.sagas.find(taskId))?.serviceId === id ? 'task_begun' : 'not_found')
  if (!isCancellable(saga, wallClock.now())) throw new AppError('task_begun')
  await cancelSaga(stores, saga, { product: service.kind, reason: cancelledReason, at: wallClock.now() })
  await stores.audit.record({ actor, action: 'service.cancel_task', entity: 'service', entityId: id, after: { kind: saga.kind, action: saga.action, by: actorLabel(actor) } })
  stores.live.publish({ audience: { userId: service.clientId }, name: 'service', id })
  stores.live.publish({ audience: 'staff', name: 'service', id })
})
