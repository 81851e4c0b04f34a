import { AppError } from '#shared/errors/codes.ts'
import type { Clock } from '../kernel/ports.ts'
import { isFresh, roomLeftOf, withLooks } from './capacity.ts'
import type { Look } from './capacity.ts'
import type { CapacityRecord, CapacityStore, Growth, HoldGrowth, RoomCheck } from './ports.ts'

/** The one answer to whether a growth fits, before the order and in it. */
function judge(records: readonly CapacityRecord[], { connectionId, node, from, to }: Growth): void {
  if (!roomLeftOf(records).mayGrow({ connectionId, node }, { cpuCores: to.cpuCores, moreCores: to.cpuCores - from.cpuCores, ramMiB: to.ramMiB - from.ramMiB, diskGiB: to.diskGiB - from.diskGiB })) throw new AppError('node_full')
}

/** Implements the port. By the limits of new machines, beside everything that is promised. */
export const checkRoom = ({ capacity, lookAt }: { readonly capacity: CapacityStore, readonly lookAt: (connectionId: string) => Promise<Look | null> }): RoomCheck => async (growth) => {
  const look = await lookAt(growth.connectionId)
  if (!look?.nodes.some(({ node }) => node === growth.node)) throw new AppError('capacity_unknown')
  judge(await withLooks(capacity, new Map([[growth.connectionId, look]])), growth)
}

/** Implements the port. */
export const holdGrowth = ({ clock }: { readonly clock: Clock }): HoldGrowth => async (stores, growth) => {
  await stores.capacity.lock([growth.connectionId])
  const fresh = (await stores.capacity.load([growth.connectionId])).filter(({ lookedAt, nodes }) => isFresh(lookedAt, clock.now()) && nodes.some(({ node }) => node === growth.node))
  if (fresh.length === 0) throw new AppError('capacity_unknown')
  judge(fresh, growth)
}
