import { AppError } from '#shared/errors/codes.ts'
import { roomLeftOf, withLooks } from './capacity.ts'
import type { Look } from './capacity.ts'
import type { CapacityStore, RoomCheck } from './ports.ts'

/** Implements the port. By the limits of new machines, beside everything that is promised. */
export const checkRoom = ({ capacity, lookAt }: { readonly capacity: CapacityStore, readonly lookAt: (connectionId: string) => Promise<Look | null> }): RoomCheck => async ({ connectionId, node, moreCores = 0, ...growth }) => {
  const look = await lookAt(connectionId)
  if (!look?.nodes.some(candidate => candidate.node === node)) throw new AppError('capacity_unknown')
  const left = roomLeftOf(await withLooks(capacity, new Map([[connectionId, look]])))
  if (!left.mayGrow({ connectionId, node }, { ...growth, moreCores })) throw new AppError('out_of_stock')
}
