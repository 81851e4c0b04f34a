import type { z } from 'zod'
import type { askBulk as askContract, bulkPreviewView, bulkWish, previewBulk as previewContract } from '#shared/contracts/bulk.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import { bulkMost } from '#shared/vocabulary/bulk.ts'
import { machineCapabilities } from '#shared/vocabulary/machines.ts'
import type { ConnectionStore, OpenHypervisor, PlanMoves, SetNodeClosure } from '../infrastructure/ports.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { BulkCandidate, BulkWish } from './bulk-ports.ts'
import { askedHours, bulkRefusal } from './bulk-rules.ts'
import { summarise } from './bulk-view.ts'
import { askMachine } from './machine-reading.ts'
import type { ProvisioningStores, ServiceFilter } from './ports.ts'

export interface BulkDeps { readonly read: Pick<ProvisioningStores, 'bulk' | 'servicePages' | 'drift'>, readonly connections: ConnectionStore, readonly transact: Transact<ProvisioningStores>, readonly openHypervisor: OpenHypervisor, readonly planMoves: PlanMoves, readonly setNodeClosure: SetNodeClosure, readonly stockDue: () => Promise<void>, readonly clock: Clock, readonly newId: () => string }
type Person = Actor & { readonly kind: 'user' }
type Wish = z.output<typeof bulkWish>
type Selection = z.output<typeof previewContract.body>['selection']

export const toWish = (wish: Wish): BulkWish => ({ act: wish.act, suspensionReason: wish.act === 'suspend' ? wish.suspensionReason : null, targetNode: wish.act === 'move' ? wish.targetNode : null, live: wish.act === 'move' && wish.live })

export interface Judged { readonly service: BulkCandidate, readonly target: string | null, readonly refusal: ErrorCode | null }

/**
 * Where each machine that may move would go, all of them together; those for which there is no room cannot. `to`: what is wished for one, null: where there is room. Asks hypervisors, so never inside a transaction.
 */
export async function withTargets(planMoves: PlanMoves, judged: readonly Judged[], to: (serviceId: string) => string | null): Promise<Judged[]> {
  const able = Map.groupBy(judged.filter(({ refusal }) => refusal === null), ({ service }) => service.connectionId ?? '')
  const plans = await Promise.all([...able].map(async ([connectionId, own]) => {
    const machines = own.map(({ service: { serviceId, clientId, policy, machineType, node, servedNodes, spec } }) => ({ serviceId, clientId, policy, machineType, from: node ?? '', to: to(serviceId), servedNodes, cpuCores: spec.cpuCores, ramMiB: spec.ramMiB, diskGiB: spec.diskGiB }))
    try {
      return [connectionId, await planMoves({ connectionId, machines })] as const
    } catch (error) {
      if (error instanceof AppError && error.code === 'capacity_unknown') return [connectionId, null] as const
      throw error
    }
  }))
  const planOf = new Map(plans)
  return judged.map((row) => {
    if (row.refusal !== null) return row
    const plan = planOf.get(row.service.connectionId ?? '')
    if (!plan) return { ...row, refusal: 'capacity_unknown' as const }
    const target = plan.get(row.service.serviceId) ?? null
    return { ...row, target, refusal: target === null ? 'move_no_room' as const : null }
  })
}

/** By the books, and of moves by what the hypervisors have room for. */
async function judge({ read, planMoves }: Pick<BulkDeps, 'read' | 'planMoves'>, wish: BulkWish, serviceIds: readonly string[]): Promise<Judged[]> {
  const judged = (await read.bulk.candidates(serviceIds)).map((service): Judged => ({ service, target: null, refusal: bulkRefusal(wish, service) }))
  return wish.act === 'move' ? withTargets(planMoves, judged, () => wish.targetNode) : judged
}

async function selected({ read }: Pick<BulkDeps, 'read'>, selection: Selection): Promise<readonly string[]> {
  if ('serviceIds' in selection) return selection.serviceIds
  if ('onNode' in selection) {
    const found = await read.bulk.onNode(selection.onNode.connectionId, selection.onNode.node, bulkMost + 1)
    // The first so many are moved; what is left is asked for afterwards.
    return found.slice(0, bulkMost)
  }
  const filter: ServiceFilter = { ...selection.filter, page: 1, pageSize: bulkMost }
  const { items, total } = await read.servicePages.list(filter)
  if (total > bulkMost) throw new AppError('bulk_too_many', { params: { most: bulkMost, total } })
  return items.map(({ id }) => id)
}

/** Machines on a node that carry no mark of a service of ours; null: the hypervisor does not tell. */
async function strangersOn({ read, connections, openHypervisor }: Pick<BulkDeps, 'read' | 'connections' | 'openHypervisor'>, { connectionId, node }: { readonly connectionId: string, readonly node: string }) {
  const connection = await connections.find(connectionId)
  if (!connection) throw new AppError('not_found')
  if (!machineCapabilities(connection.kind)?.adoption) return null
  const listed = await askMachine(openHypervisor, connectionId, driver => driver.listMachines())
  if (!listed.answered) return null
  const here = listed.value.filter(machine => machine.node === node)
  const owners = await read.drift.ownersOf(here.flatMap(({ ownershipMark }) => ownershipMark ?? []))
  return here.filter(({ ownershipMark }) => ownershipMark === null || !owners.has(ownershipMark)).slice(0, bulkMost).map(({ vmid, name, power }) => ({ vmid, name, power }))
}

/** What an act on many services would do, and to which of them it cannot be done and why. Changes nothing. @throws AppError bulk_too_many, not_found */
export const previewBulk = (deps: BulkDeps) => async ({ wish, selection, actor }: z.output<typeof previewContract.body> & { readonly actor: Person }): Promise<z.input<typeof bulkPreviewView>> => {
  const judged = await judge(deps, toWish(wish), await selected(deps, selection))
  return {
    ...summarise(judged.map(({ service, refusal }) => ({ clientId: service.clientId, connectionId: service.connectionId, node: service.node, refusal }))), approvers: await deps.read.bulk.approvers(actor.id), foreign: 'onNode' in selection ? await strangersOn(deps, selection.onNode) : null,
    items: judged.map(({ service: { serviceId, hostname, clientName, status, resourceStatus, node }, target, refusal }) => ({ serviceId, hostname, clientName, status, resourceStatus, node, target, refusal })),
  }
}

/**
 * Writes an act wished for many services down, each with its state now. It does nothing before another person approved it. What cannot be done is written down as left out. `empties`: that node is closed to new machines
 * at once, and stays so until somebody opens it. Answers its id. @throws AppError bulk_none_able, bulk_count_changed, not_found
 */
export const askBulk = (deps: BulkDeps) => async ({ wish: given, serviceIds, reason, count, empties, actor }: z.output<typeof askContract.body> & { readonly actor: Person }): Promise<string> => {
  const wish = toWish(given)
  const judged = await judge(deps, wish, [...new Set(serviceIds)])
  const able = judged.filter(({ refusal }) => refusal === null).length
  if (able === 0) throw new AppError('bulk_none_able')
  if (wish.act === 'terminate' && count !== able) throw new AppError('bulk_count_changed', { params: { now: able } })
  const [id, at] = [deps.newId(), deps.clock.now()]
  const node = wish.act === 'move' ? empties : null
  await deps.transact(async (stores) => {
    if (node) await deps.setNodeClosure(stores, { ...node, reason, actor })
    await stores.bulk.insert({ ...wish, id, reason, connectionId: node?.connectionId ?? null, node: node?.node ?? null, askedBy: actor.id, askedAt: at, expiresAt: new Date(at.getTime() + askedHours * 3_600_000) },
      judged.map(({ service, target, refusal }) => ({ serviceId: service.serviceId, hostname: service.hostname, wasStatus: service.status, wasResource: service.resourceStatus, wasPower: service.power, wasNode: service.node, targetNode: target, reason: refusal, status: refusal === null ? 'waiting' : 'left_out' })))
    await stores.audit.record({ actor, action: 'bulk.ask', entity: 'bulk', entityId: id, after: { ...wish, ...(node ?? {}), reason, services: judged.length, able } })
    stores.live.publish({ audience: 'staff', name: 'bulk', id })
  })
  if (node) await deps.stockDue()
  return id
}
