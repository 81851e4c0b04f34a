import { AppError } from '#shared/errors/codes.ts'
import type { Log } from '../kernel/ports.ts'
import { placeMachines } from './placement.ts'
import type { PlacedHeadroom } from './placement.ts'
import type { CapacityCheck, ConnectionStore, OpenHypervisor, PromiseStore } from './ports.ts'

interface Deps { readonly connections: ConnectionStore, readonly promises: PromiseStore, readonly openHypervisor: OpenHypervisor, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 8_000

/** Implements the port. Hypervisors that do not answer are left out; only when none answers is the capacity unknown. */
export const checkCapacity = ({ connections, promises, openHypervisor, log, within }: Deps): CapacityCheck => async (input) => {
  const usable = (await connections.all()).filter(({ id, maintenance }) => input.connectionIds.includes(id) && !maintenance)
  if (usable.length === 0) throw new AppError('out_of_stock', { message: 'no connection takes new machines' })
  const answers = await Promise.all(usable.map(async ({ id, name }): Promise<PlacedHeadroom[] | null> => {
    try {
      return (await within(patience, openHypervisor(id).then(driver => driver.listHeadroom()))).map(node => ({ ...node, connectionId: id }))
    } catch (error) {
      log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'a hypervisor does not tell what it can carry')
      return null
    }
  }))
  if (answers.every(answer => answer === null)) throw new AppError('capacity_unknown')
  const promised = (await promises.list(usable.map(({ id }) => id))).filter(({ serviceId }) => serviceId !== input.forServiceId)
  const placed = placeMachines(answers.flatMap(answer => answer ?? []), promised, input)
  if (placed) return placed
  // It may fit on one of those that did not answer: that is not the same as sold out.
  throw new AppError(answers.includes(null) ? 'capacity_unknown' : 'out_of_stock')
}
