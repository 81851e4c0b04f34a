import { z } from 'zod'
import { serviceStatuses, suspensionReasons } from '#shared/vocabulary/billing.ts'
import { bulkActs, bulkItemStatuses, bulkMost, bulkStatuses } from '#shared/vocabulary/bulk.ts'
import { powerStates, resourceStatuses, sagaKinds, sagaStatuses } from '#shared/vocabulary/machines.ts'
import { contract, idParams, instant, listOf, pageQuery, search, uuid } from './contract.ts'

const admin = { access: 'sysadmin', tag: 'admin' } as const
const reason = z.string().trim().min(3).max(500)
const count = z.number().int()
const nodeName = z.string().min(1).max(253)
const place = z.object({ connectionId: uuid, node: nodeName })

export const bulkWish = z.discriminatedUnion('act', [
  z.object({ act: z.enum(['start', 'shutdown', 'reboot', 'stop', 'resume', 'backup', 'retry', 'terminate']) }),
  z.object({ act: z.literal('suspend'), suspensionReason: z.enum(suspensionReasons) }),
  /** `targetNode` null: each where there is room. `live`: machines that run go on running, containers aside. */
  z.object({ act: z.literal('move'), targetNode: nodeName.nullable(), live: z.boolean() }),
])
const ids = z.array(uuid).min(1).max(bulkMost)
/** These, all that match a filter of the list of services, or all machines of ours on a node. */
const selection = z.union([
  z.object({ serviceIds: ids }),
  z.object({ filter: z.object({ q: search, status: z.enum(serviceStatuses).optional(), resourceStatus: z.enum(resourceStatuses).optional(), failed: z.boolean().optional(), work: z.boolean().optional() }) }),
  z.object({ onNode: place }),
])
/** `refused`: by error code, how many cannot, most first. */
const summary = { services: count, clients: count, nodes: count, able: count, refused: z.array(z.object({ code: z.string(), count })) }
/** `target`: of moves, where it would go. `foreign`: machines on the node that are not ours and are not touched; null: not asked for, or not known. `approvers`: persons beside the reader who may approve. */
export const bulkPreviewView = z.object({
  ...summary, approvers: count, items: z.array(z.object({ serviceId: uuid, hostname: z.string(), clientName: z.string(), status: z.enum(serviceStatuses), resourceStatus: z.enum(resourceStatuses), node: z.string().nullable(), target: z.string().nullable(), refusal: z.string().nullable() })),
  foreign: z.array(z.object({ vmid: count, name: z.string(), power: z.enum(powerStates) })).nullable(),
})
export const previewBulk = contract({ ...admin, method: 'POST', path: '/api/admin/bulk-requests/preview', summary: 'What an act on many services would do, and to which it cannot be done; changes nothing', body: z.object({ wish: bulkWish, selection }), response: bulkPreviewView, rateLimit: { limit: 120, seconds: 60 } })

export const bulkRequestView = z.object({
  id: uuid, act: z.enum(bulkActs), status: z.enum(bulkStatuses), reason: z.string(), suspensionReason: z.enum(suspensionReasons).nullable(), targetNode: z.string().nullable(), live: z.boolean(), /** The node that it empties. */ emptied: place.nullable(),
  askedBy: z.string(), askedAt: instant, expiresAt: instant, decidedBy: z.string().nullable(), decidedAt: instant.nullable(), note: z.string().nullable(), finishedAt: instant.nullable(),
  /** The reader asked for it. */ mine: z.boolean(), /** The reader may approve or refuse it. */ mayDecide: z.boolean(), counts: z.partialRecord(z.enum(bulkItemStatuses), count),
})
/** `check`: of one that waits for its second person, looked at now. `approvers`: persons who may approve it. */
export const bulkRequestDetailView = bulkRequestView.extend({ approvers: count, check: z.object(summary).nullable() })
/** `count`: so many services are ended, as the asker was told; required to terminate. `empties`: the node is closed to new machines with it. */
export const askBulk = contract({ ...admin, method: 'POST', path: '/api/admin/bulk-requests', summary: 'Ask for an act on many services; nothing is done before another person approves it', body: z.object({ wish: bulkWish, serviceIds: ids, reason, count: count.optional(), empties: place.nullable().default(null) }), response: bulkRequestDetailView, status: 201, creates: true })
export const listBulkRequests = contract({ ...admin, method: 'GET', path: '/api/admin/bulk-requests', summary: 'Acts asked for many services, newest first; `awaiting`: those that the reader may approve', query: pageQuery.extend({ status: z.enum(bulkStatuses).optional(), awaiting: z.stringbool().optional() }), response: listOf(bulkRequestView) })
export const showBulkRequest = contract({ ...admin, method: 'GET', path: '/api/admin/bulk-requests/{id}', summary: 'One request with its counts', params: idParams, response: bulkRequestDetailView })
/** `reason`: an error code, or what the task says. */
export const bulkItemView = z.object({ position: count, serviceId: uuid, hostname: z.string(), clientName: z.string(), status: z.enum(bulkItemStatuses), wasStatus: z.enum(serviceStatuses), wasResource: z.enum(resourceStatuses), wasPower: z.enum(powerStates), wasNode: z.string().nullable(), targetNode: z.string().nullable(), reason: z.string().nullable(), task: z.object({ kind: z.enum(sagaKinds), status: z.enum(sagaStatuses) }).nullable(), begunAt: instant.nullable(), finishedAt: instant.nullable() })
export const listBulkItems = contract({ ...admin, method: 'GET', path: '/api/admin/bulk-requests/{id}/items', summary: 'The services of a request, one by one', params: idParams, query: pageQuery.extend({ status: z.enum(bulkItemStatuses).optional() }), response: listOf(bulkItemView) })
/** `count`: so many services are ended, as the reader was told; required to approve that. `stop`: what has not begun does not begin. */
export const bulkDecisionBody = z.discriminatedUnion('action', [z.object({ action: z.literal('approve'), count: count.optional() }), z.object({ action: z.literal('refuse'), reason }), z.object({ action: z.enum(['withdraw', 'pause', 'continue', 'stop']) })])
export const decideBulk = contract({ ...admin, method: 'POST', path: '/api/admin/bulk-requests/{id}/actions', summary: 'Approve or refuse a request as the second person, withdraw it, pause it, go on, or stop what has not begun', params: idParams, body: bulkDecisionBody, response: bulkRequestDetailView, creates: true })

const nodeParams = place
/** `closed`: whether it takes no new machine. */
export const closeNode = contract({ ...admin, method: 'PUT', path: '/api/admin/nodes/{connectionId}/{node}/closure', summary: 'Close a node to new machines, or open it again; what stands there stays', params: nodeParams, body: z.discriminatedUnion('closed', [z.object({ closed: z.literal(true), reason }), z.object({ closed: z.literal(false) })]), status: 204 })
