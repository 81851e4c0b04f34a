import type { ErrorCode } from '#shared/errors/codes.ts'
import type { BulkAct, BulkStatus } from '#shared/vocabulary/bulk.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { PowerAction, ResourceStatus } from '#shared/vocabulary/machines.ts'
import { servesNode } from '../infrastructure/ports.ts'
import { spreadOverNodes } from './backup-plan.ts'
import type { BegunItem, BulkCandidate, BulkItemRow, BulkWish, SettledItem } from './bulk-ports.ts'
import { moveRefusal } from './move.ts'
import { allowedActions } from './service-view.ts'

/** So long a request may wait for its second person. */
export const askedHours = 24
/** Of one turn of a request: the others come seconds later. */
export const atATime = 20
/** At once on a node: what reads or copies whole disks less, so that the machines that stay are quick. */
export const perNode = (act: BulkAct): number => act === 'backup' || act === 'move' ? 2 : 5
/** So often an item is tried that cannot begin yet. */
export const mostTries = 20
/** What may be otherwise in half a minute: the item waits for it. */
export const passing: readonly ErrorCode[] = ['action_in_progress', 'machine_unreachable', 'capacity_unknown']

function backupRefusal(service: BulkCandidate): ErrorCode | null {
  if (service.productKind !== 'vps') return 'service_not_ready'
  const { refusal } = allowedActions(service)
  if (refusal) return refusal
  if (!machineCapabilities(service.connectionKind)?.backups || service.backupStorage === '') return 'backups_unsupported'
  return service.backupsIncluded === 0 ? 'backups_not_offered' : service.backupsHeld >= service.backupsIncluded ? 'backup_limit' : null
}

/** Whether a node has room is asked elsewhere. */
function moveRefusalOf(service: BulkCandidate, targetNode: string | null): ErrorCode | null {
  const refusal = moveRefusal(service)
  if (refusal) return refusal
  if (service.connectionId === null || service.node === null) return 'service_not_ready'
  if (!machineCapabilities(service.connectionKind, service.machineType)?.move) return 'move_unsupported'
  if (targetNode === service.node) return 'bulk_nothing_to_do'
  return targetNode !== null && !servesNode(service.servedNodes, targetNode) ? 'move_target' : null
}

function powerRefusal(act: PowerAction, service: BulkCandidate): ErrorCode | null {
  if (service.productKind !== 'vps') return 'service_not_ready'
  const { actions, refusal } = allowedActions(service)
  return refusal ?? (actions.includes(act) ? null : 'bulk_nothing_to_do')
}

function suspendRefusal({ productKind, status }: BulkCandidate): ErrorCode | null {
  if (productKind === 'work') return 'nothing_to_suspend'
  return status === 'suspended' ? 'bulk_nothing_to_do' : status === 'active' || status === 'past_due' ? null : 'service_not_ready'
}

function retryRefusal({ newest }: BulkCandidate): ErrorCode | null {
  return newest === 'running' ? 'action_in_progress' : newest === 'failed' || newest === 'waiting' ? null : 'bulk_nothing_to_do'
}

/** Why an act cannot be done to a service now, by the books: what the single act would answer. Null: it can. Pure. */
export function bulkRefusal({ act, targetNode }: Pick<BulkWish, 'act' | 'targetNode'>, service: BulkCandidate): ErrorCode | null {
  const { status } = service
  switch (act) {
    case 'suspend': return suspendRefusal(service)
    case 'resume': return status === 'suspended' ? null : status === 'active' || status === 'past_due' ? 'bulk_nothing_to_do' : 'service_not_ready'
    case 'terminate': return status === 'ended' ? 'bulk_nothing_to_do' : null
    case 'retry': return retryRefusal(service)
    case 'backup': return backupRefusal(service)
    case 'move': return moveRefusalOf(service, targetNode)
    default: return powerRefusal(act, service)
  }
}

/** Whether a service is what it was when it was asked for: who paid, was suspended, renamed or moved meanwhile is looked at again by a person. Pure. */
export const hasChanged = (act: BulkAct, item: Pick<BulkItemRow, 'hostname' | 'wasStatus' | 'wasResource' | 'wasNode'>, now: Pick<BulkCandidate, 'hostname' | 'status' | 'resourceStatus' | 'node'>): boolean =>
  item.hostname !== now.hostname || item.wasStatus !== now.status || item.wasResource !== now.resourceStatus || (act === 'move' && item.wasNode !== now.node)

/** Why an item does not run (any more): its service is gone, changed, or cannot. Null: it may. Pure. */
export const itemRefusal = (wish: Pick<BulkWish, 'act'>, item: Pick<BulkItemRow, 'hostname' | 'wasStatus' | 'wasResource' | 'wasNode' | 'targetNode'>, now: BulkCandidate | undefined): ErrorCode | null =>
  !now ? 'not_found' : hasChanged(wish.act, item, now) ? 'bulk_changed' : bulkRefusal({ act: wish.act, targetNode: item.targetNode }, now)

export type BulkDecision = 'approve' | 'refuse' | 'withdraw' | 'pause' | 'continue' | 'stop'
const from: Record<BulkDecision, readonly BulkStatus[]> = { approve: ['asked'], refuse: ['asked'], withdraw: ['asked'], pause: ['running'], continue: ['paused'], stop: ['running', 'paused'] }
export const into: Record<BulkDecision, BulkStatus> = { approve: 'running', refuse: 'refused', withdraw: 'withdrawn', pause: 'paused', continue: 'running', stop: 'stopped' }

/** A request that nobody decided on in time counts as expired from that moment on. */
export const statusAt = ({ status, expiresAt }: { readonly status: BulkStatus, readonly expiresAt: Date }, now: Date): BulkStatus => status === 'asked' && expiresAt.getTime() <= now.getTime() ? 'expired' : status

/** Why this person may not decide so now; null: may. Who asked never approves, only withdraws; a brake is anybody's. Pure. */
export function decisionRefusal(request: { readonly status: BulkStatus, readonly expiresAt: Date, readonly askedBy: { readonly id: string } }, decision: BulkDecision, personId: string, now: Date): ErrorCode | null {
  if (!from[decision].includes(statusAt(request, now))) return 'bulk_closed'
  const own = request.askedBy.id === personId
  if ((decision === 'approve' || decision === 'refuse') && own) return 'second_person_required'
  return decision === 'withdraw' && !own ? 'forbidden' : null
}

/** Which of the waiting items begin now: no more than so many at once on a node, no more than so many in one turn. Pure. */
export const portion = <T extends { readonly connectionId: string, readonly node: string }>(act: BulkAct, due: readonly T[], underWay: ReadonlyMap<string, number>): T[] => spreadOverNodes(due, underWay, perNode(act)).slice(0, atATime)

/** Where a suspended machine is not, once its task has ended. */
const stillOn: readonly ResourceStatus[] = ['provisioning', 'ready', 'error']
/** Whether what billing was told is not done at the machine yet. */
function machineFollows({ act, service, resumable, resource, saga }: BegunItem): boolean {
  if (saga === 'running' || saga === 'waiting') return true
  if (act === 'suspend') return service === 'suspended' && !resumable && resource !== null && stillOn.includes(resource)
  if (act === 'resume') return service === 'suspended' && resumable
  return act === 'terminate' && resource !== null && resource !== 'destroyed'
}

/** How an item ended that was begun; null: it is under way. An act is done when its machine was read back so, never before. Pure. */
export function settled(item: BegunItem): SettledItem | null {
  const { requestId, position, sagaId, saga, sagaReason } = item
  if (saga === 'failed') return { requestId, position, sagaId, status: 'failed', reason: sagaReason }
  return machineFollows(item) ? null : { requestId, position, sagaId, status: 'done', reason: null }
}
