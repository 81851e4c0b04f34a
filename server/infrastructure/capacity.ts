import { AppError } from '#shared/errors/codes.ts'
import type { Clock, Log, Transact } from '../kernel/ports.ts'
import { RoomLeft } from './placement.ts'
import type { PlacedHeadroom } from './placement.ts'
import type { CapacityRecord, CapacityStore, CapacityStores, HoldCapacity, NodeHeadroom, OpenHypervisor, Placement } from './ports.ts'

interface LookDeps { readonly transact: Transact<CapacityStores>, readonly clock: Clock, readonly openHypervisor: OpenHypervisor, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 8_000
/** A look that is older says nothing about now. */
const lookLife = 120_000

export interface Look { readonly at: Date, readonly nodes: readonly NodeHeadroom[] }

/** Asks one hypervisor what its nodes can carry and keeps the answer. Null: it does not tell. Never inside a transaction. */
export const lookAt = ({ transact, clock, openHypervisor, log, within }: LookDeps) => async (id: string): Promise<Look | null> => {
  // The moment before the question: what is built while it is asked may or may not be in the answer, so it is counted once more.
  const at = clock.now()
  try {
    const nodes = await within(patience, openHypervisor(id).then(driver => driver.listHeadroom()))
    await transact(stores => stores.capacity.saveLook(id, at, nodes))
    return { at, nodes }
  } catch (error) {
    log.warn({ connection: id, problem: error instanceof Error ? error.message : String(error) }, 'a hypervisor does not tell what it can carry')
    return null
  }
}

/** Nodes as they were seen, with what our books say of them. */
export function headroomOf({ connectionId, limits, nodes, sold, closedNodes = [] }: CapacityRecord): PlacedHeadroom[] {
  return nodes.map((node) => {
    const own = sold.filter(row => row.node === node.node)
    const sum = (of: (row: typeof own[number]) => number) => own.reduce((total, row) => total + of(row), 0)
    return { ...node, connectionId, limits, closed: closedNodes.includes(node.node), sold: { cpuCores: sum(row => row.cpuCores), ramMiB: sum(row => row.ramMiB) }, clients: new Map(own.map(row => [row.clientId, row.machines])) }
  })
}

/** What is left of these connections beside all that is promised. `except`: a service whose own promise does not stand in its way. */
export const roomLeftOf = (records: readonly CapacityRecord[], except?: string): RoomLeft =>
  RoomLeft.of(records.flatMap(headroomOf), records.flatMap(({ connectionId, freeAddresses }) => freeAddresses.map(pool => ({ ...pool, connectionId }))), records.flatMap(({ connectionId, freePrefixes }) => freePrefixes.map(pool => ({ ...pool, connectionId }))))
    .grow(records.flatMap(({ connectionId, growing }) => growing.map(growth => ({ ...growth, connectionId }))).filter(({ serviceId }) => serviceId !== except))
    .keep(records.flatMap(({ promised }) => promised).filter(({ serviceId }) => serviceId !== except).toSorted((a, b) => a.serviceId < b.serviceId ? -1 : 1))

export const isFresh = (lookedAt: Date | null, now: Date): boolean => lookedAt !== null && now.getTime() - lookedAt.getTime() <= lookLife

/** What a machine takes elsewhere: as large as it was sold, also where that waits for its money. A disk that takes no room there takes none when it grows. */
export function asSold<T extends { readonly cpuCores: number, readonly ramMiB: number, readonly diskGiB: number }>(size: T, records: readonly CapacityRecord[], serviceId: string | undefined): T {
  const whole = records.flatMap(({ growing }) => growing).find(growth => growth.serviceId === serviceId)?.whole
  return whole ? { ...size, cpuCores: Math.max(size.cpuCores, whole.cpuCores), ramMiB: Math.max(size.ramMiB, whole.ramMiB), diskGiB: size.diskGiB === 0 ? 0 : Math.max(size.diskGiB, whole.diskGiB) } : size
}

/** Implements the port. */
export const holdCapacity = ({ clock }: { readonly clock: Clock }): HoldCapacity => async (stores, { clientId, claims, forServiceId }) => {
  const ids = [...new Set(claims.flatMap(({ connectionIds }) => connectionIds))].sort()
  if (ids.length === 0) return []
  await stores.capacity.lock(ids)
  const records = (await stores.capacity.load(ids)).filter(({ maintenance }) => !maintenance)
  const fresh = records.filter(({ lookedAt }) => isFresh(lookedAt, clock.now()))
  const left = roomLeftOf(fresh, forServiceId)
  const placed: Placement[] = []
  for (const claim of claims) {
    const mine = (id: string) => claim.connectionIds.includes(id)
    for (let n = 0; n < claim.count; n++) {
      const placement = left.take({ ...asSold(claim, fresh, forServiceId), clientId }, ({ connectionId, node }) => mine(connectionId) && (claim.node === undefined || claim.node === node))
      if (!placement) throw new AppError(records.some(record => mine(record.connectionId) && !fresh.includes(record)) ? 'capacity_unknown' : 'out_of_stock')
      placed.push(placement)
    }
  }
  return placed
}

/** Records of connections that were looked at just now, by the looks themselves and not by what others kept meanwhile. */
export const withLooks = async (capacity: CapacityStore, looks: ReadonlyMap<string, Look>): Promise<CapacityRecord[]> => {
  const [first, ...more] = [...looks.values()].map(({ at }) => at.getTime())
  if (first === undefined) return []
  return (await capacity.load([...looks.keys()], new Date(Math.min(first, ...more)))).map(record => ({ ...record, nodes: looks.get(record.connectionId)?.nodes ?? [] }))
}
