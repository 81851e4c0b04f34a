import { AppError } from '#shared/errors/codes.ts'
import { asSold, roomLeftOf, withLooks } from './capacity.ts'
import type { Look } from './capacity.ts'
import type { PlanMoves } from './move-ports.ts'
import type { CapacityStore } from './ports.ts'
import { servesNode } from './served-nodes.ts'

/** Implements the port. By the rules of new machines; what leaves a node makes no room there for the others. */
export const planMoves = ({ capacity, lookAt }: { readonly capacity: CapacityStore, readonly lookAt: (connectionId: string) => Promise<Look | null> }): PlanMoves => async ({ connectionId, machines }) => {
  const look = await lookAt(connectionId)
  const records = look ? await withLooks(capacity, new Map([[connectionId, look]])) : []
  const [record] = records
  if (!look || !record) throw new AppError('capacity_unknown')
  const left = roomLeftOf(records)
  const storageOf = (node: string) => look.nodes.find(seen => seen.node === node)?.storageKey
  return new Map(machines.map(({ serviceId, clientId, policy, machineType, from, to, servedNodes, ...size }) => {
    if (record.maintenance) return [serviceId, null]
    const home = storageOf(from)
    const wanted = { ...asSold(size, records, serviceId), clientId, policy, holds: { connectionId, nodes: servedNodes }, madeOn: [{ connectionId, nodes: [], machineType }] }
    const target = (shared: boolean) => left.take({ ...wanted, diskGiB: shared ? 0 : wanted.diskGiB }, ({ node, storageKey }) => node !== from && (to === null || node === to) && servesNode(servedNodes, node) && (home !== undefined && storageKey === home) === shared)
    // Nodes on the machine's own storage first: nothing has to be copied there.
    return [serviceId, (target(true) ?? target(false))?.node ?? null]
  }))
}
