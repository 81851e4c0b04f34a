import type { z } from 'zod'
import type { bulkDecisionBody } from '#shared/contracts/bulk.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '../kernel/ports.ts'
import { withTargets } from './ask-bulk.ts'
import type { BulkDeps, Judged } from './ask-bulk.ts'
import type { BulkRequestRow } from './bulk-ports.ts'
import { decisionRefusal, into } from './bulk-rules.ts'
import { judgeWaiting } from './bulk-view.ts'
import type { ProvisioningStores } from './ports.ts'

type Deps = Pick<BulkDeps, 'read' | 'transact' | 'planMoves' | 'clock'>

/** Machines for which there is no room any more where they were to go, asked before the transaction. */
async function withoutRoom({ read, planMoves }: Deps, request: BulkRequestRow): Promise<ReadonlySet<string>> {
  if (request.act !== 'move') return new Set()
  const waiting = await judgeWaiting(read.bulk, request)
  const targets = new Map(waiting.map(({ serviceId, targetNode }) => [serviceId, targetNode]))
  const judged = await withTargets(planMoves, waiting.flatMap(({ now, refusal }): Judged[] => now && refusal === null ? [{ service: now, target: null, refusal: null }] : []), serviceId => targets.get(serviceId) ?? null)
  return new Set(judged.flatMap(({ service, refusal }) => refusal === 'move_no_room' ? service.serviceId : []))
}

async function approve({ clock }: Deps, stores: ProvisioningStores, request: BulkRequestRow, full: ReadonlySet<string>, count: number | undefined): Promise<{ readonly able: number, readonly leftOut: number }> {
  const judged = (await judgeWaiting(stores.bulk, request)).map(item => ({ ...item, refusal: item.refusal ?? (full.has(item.serviceId) ? 'move_no_room' : null) }))
  const out = judged.flatMap(({ position, refusal }) => refusal === null ? [] : [{ position, reason: refusal }])
  const able = judged.length - out.length
  if (request.act === 'terminate' && count !== able) throw new AppError('bulk_count_changed', { params: { now: able } })
  await stores.bulk.leaveOut(request.id, out, clock.now())
  return { able, leftOut: out.length }
}

/**
 * What a person decides about a request. Its asker never approves it (the database refuses that too). An approval looks at each service again: what changed since it was asked, or cannot any more, is left out with the reason.
 * Of two at once one decides. `stop`: what has not begun does not begin; what was begun goes on as a task of its own. Written to the audit log.
 * @throws AppError not_found, bulk_closed, second_person_required, forbidden, bulk_count_changed
 */
export const decideBulk = (deps: Deps) => async ({ id, decision, actor }: { readonly id: string, readonly decision: z.output<typeof bulkDecisionBody>, readonly actor: Actor & { readonly kind: 'user' } }): Promise<void> => {
  const check = (request: BulkRequestRow | null): BulkRequestRow => {
    if (!request) throw new AppError('not_found')
    const refusal = decisionRefusal(request, decision.action, actor.id, deps.clock.now())
    if (refusal) throw new AppError(refusal)
    return request
  }
  const full = decision.action === 'approve' ? await withoutRoom(deps, check(await deps.read.bulk.find(id))) : new Set<string>()
  await deps.transact(async (stores) => {
    const request = check(await stores.bulk.lock(id))
    const now = deps.clock.now()
    const left = decision.action === 'approve' ? await approve(deps, stores, request, full, decision.count) : null
    const decided = request.status === 'asked' ? { decidedBy: actor.id, decidedAt: now } : {}
    const over = decision.action === 'refuse' || decision.action === 'withdraw' || decision.action === 'stop'
    await stores.bulk.move(id, { status: into[decision.action], ...decided, ...(over ? { finishedAt: now } : {}), ...(decision.action === 'refuse' ? { note: decision.reason } : {}) })
    if (decision.action === 'stop') await stores.bulk.stopWaiting(id, now)
    await stores.audit.record({ actor, action: `bulk.${decision.action}`, entity: 'bulk', entityId: id, before: { status: request.status }, after: { act: request.act, status: into[decision.action], ...(left ?? {}), ...(decision.action === 'refuse' ? { reason: decision.reason } : {}) } })
    if (into[decision.action] === 'running') await stores.outbox.emit('provisioning.bulk-due', { requestedBy: decision.action }, { singletonKey: 'provisioning.bulk' })
    stores.live.publish({ audience: 'staff', name: 'bulk', id })
  })
}
