import { AppError } from '#shared/errors/codes.ts'
import { roomLeftOf, withLooks } from './capacity.ts'
import type { Look } from './capacity.ts'
import type { CapacityCheck, CapacityStore, ConnectionStore, Placement } from './ports.ts'

interface Deps { readonly connections: ConnectionStore, readonly capacity: CapacityStore, readonly lookAt: (connectionId: string) => Promise<Look | null> }

/** Implements the port. Hypervisors that do not answer are left out; only when none answers is the capacity unknown. */
export const checkCapacity = ({ connections, capacity, lookAt }: Deps): CapacityCheck => async (input) => {
  const usable = (await connections.all()).filter(({ id, maintenance }) => input.connectionIds.includes(id) && !maintenance)
  if (usable.length === 0) throw new AppError('out_of_stock', { message: 'no connection takes new machines' })
  const answers = await Promise.all(usable.map(async ({ id }) => [id, await lookAt(id)] as const))
  const looks = new Map(answers.flatMap(([id, look]) => look ? [[id, look] as const] : []))
  if (looks.size === 0) throw new AppError('capacity_unknown')
  const left = roomLeftOf(await withLooks(capacity, looks), input.forServiceId)
  const placed: Placement[] = []
  for (let n = 0; n < input.count; n++) {
    const placement = left.take(input)
    // It may fit on one of those that did not answer: that is not the same as sold out.
    if (!placement) throw new AppError(looks.size < usable.length ? 'capacity_unknown' : 'out_of_stock')
    placed.push(placement)
  }
  return placed
}
