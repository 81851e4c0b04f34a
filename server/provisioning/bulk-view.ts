import type { z } from 'zod'
import type { bulkItemView, bulkRequestDetailView, bulkRequestView } from '#shared/contracts/bulk.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Clock, Page, PageRequest } from '../kernel/ports.ts'
import type { BulkStatus, BulkItemStatus } from '#shared/vocabulary/bulk.ts'
import type { BulkCandidate, BulkCounts, BulkItemView, BulkRequestRow, BulkStore } from './bulk-ports.ts'
import { decisionRefusal, itemRefusal, statusAt } from './bulk-rules.ts'

type RequestView = z.input<typeof bulkRequestView>
export type BulkDetailView = z.input<typeof bulkRequestDetailView>
type Summary = NonNullable<BulkDetailView['check']>

/** What is told before anybody says yes: how many services, clients and nodes it is about, and why how many cannot. Pure. */
export function summarise(judged: readonly { readonly clientId: string | null, readonly connectionId: string | null, readonly node: string | null, readonly refusal: string | null }[]): Summary {
  const able = judged.filter(({ refusal }) => refusal === null)
  const codes = Map.groupBy(judged.flatMap(({ refusal }) => refusal ?? []), code => code)
  return {
    services: judged.length, able: able.length, clients: new Set(able.map(({ clientId }) => clientId)).size, nodes: new Set(able.flatMap(({ connectionId, node }) => node === null ? [] : [`${connectionId} ${node}`])).size,
    refused: [...codes].map(([code, all]) => ({ code, count: all.length })).sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
  }
}

export function toBulkView(request: BulkRequestRow & { readonly counts: BulkCounts }, personId: string, now: Date): RequestView {
  const { id, act, reason, suspensionReason, targetNode, live, connectionId, node, note, counts } = request
  return {
    id, act, status: statusAt(request, now), reason, suspensionReason, targetNode, live, emptied: connectionId !== null && node !== null ? { connectionId, node } : null, note, counts,
    askedBy: request.askedBy.name, askedAt: request.askedAt.toISOString(), expiresAt: request.expiresAt.toISOString(), decidedBy: request.decidedBy?.name ?? null, decidedAt: request.decidedAt?.toISOString() ?? null, finishedAt: request.finishedAt?.toISOString() ?? null,
    mine: request.askedBy.id === personId, mayDecide: decisionRefusal(request, 'approve', personId, now) === null,
  }
}

/** What waits, judged by the books as they are now. */
export async function judgeWaiting(bulk: BulkStore, request: BulkRequestRow) {
  const items = await bulk.waiting(request.id)
  const now = new Map((await bulk.candidates(items.map(({ serviceId }) => serviceId))).map(candidate => [candidate.serviceId, candidate] as const))
  return items.map((item): typeof item & { readonly now: BulkCandidate | undefined, readonly refusal: string | null } => ({ ...item, now: now.get(item.serviceId), refusal: itemRefusal(request, item, now.get(item.serviceId)) }))
}

interface Deps { readonly bulk: BulkStore, readonly clock: Clock }

/** One request as a person sees it. @throws AppError not_found */
export const showBulkRequest = ({ bulk, clock }: Deps) => async ({ id, personId }: { readonly id: string, readonly personId: string }): Promise<BulkDetailView> => {
  const request = await bulk.find(id)
  if (!request) throw new AppError('not_found')
  const now = clock.now()
  const open = statusAt(request, now) === 'asked'
  const judged = open ? await judgeWaiting(bulk, request) : []
  return {
    ...toBulkView({ ...request, counts: await bulk.counts(id) }, personId, now), approvers: await bulk.approvers(request.askedBy.id),
    check: open ? summarise(judged.map(({ now: service, refusal }) => ({ clientId: service?.clientId ?? null, connectionId: service?.connectionId ?? null, node: service?.node ?? null, refusal }))) : null,
  }
}

/** Newest first; `awaiting`: those that this person may approve. */
export const listBulkRequests = ({ bulk, clock }: Deps) => async ({ personId, awaiting, status, ...page }: PageRequest & { readonly personId: string, readonly awaiting?: boolean | undefined, readonly status?: BulkStatus | undefined }): Promise<Page<RequestView>> => {
  const now = clock.now()
  const found = await bulk.list({ ...page, status, ...(awaiting ? { awaiting: { except: personId, now } } : {}) })
  return { ...found, items: found.items.map(request => toBulkView(request, personId, now)) }
}

const toItem = ({ requestId: _, sagaId: __, tries: ___, sagaKind, sagaStatus, begunAt, finishedAt, ...item }: BulkItemView): z.input<typeof bulkItemView> => ({ ...item, task: sagaKind && sagaStatus ? { kind: sagaKind, status: sagaStatus } : null, begunAt: begunAt?.toISOString() ?? null, finishedAt: finishedAt?.toISOString() ?? null })

/** The services of a request in their order. @throws AppError not_found */
export const listBulkItems = ({ bulk }: Pick<Deps, 'bulk'>) => async ({ id, ...filter }: PageRequest & { readonly id: string, readonly status?: BulkItemStatus | undefined }): Promise<Page<z.input<typeof bulkItemView>>> => {
  if (!await bulk.find(id)) throw new AppError('not_found')
  const found = await bulk.items({ requestId: id, ...filter })
  return { ...found, items: found.items.map(toItem) }
}
