import { RoomLeft } from '#server/infrastructure/placement.ts'
import type { PlacedHeadroom, Promised, Wanted } from '#server/infrastructure/placement.ts'
import type { Placement } from '#server/infrastructure/ports.ts'

/**
 * Puts what is promised already, then `count` machines of one size, each on the node that the policy names among those that can take it whole. Of every node and storage the reserve of
 * its connection is kept free, and no more is sold of memory and cores than its limits say. The same input gives the same answer. Null when not all of them fit.
 */
export function placeMachines(headroom: readonly PlacedHeadroom[], promised: readonly Promised[], wanted: Wanted & { readonly count: number }): Placement[] | null {
  const left = RoomLeft.of(headroom).keep(promised)
  const placements: Placement[] = []
  for (let n = 0; n < wanted.count; n++) {
    const placement = left.take(wanted)
    if (!placement) return null
    placements.push(placement)
  }
  return placements
}
