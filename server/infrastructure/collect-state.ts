import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Clock, Live, Log, Transact } from '../kernel/ports.ts'
import { dayOf, daysBefore } from './pool-outlook.ts'
import type { OpenPanel } from './panel-ports.ts'
import type { ConnectionHealth, ConnectionRecord, ConnectionStore, OpenHypervisor, PanelStores } from './ports.ts'
import { nodeSlots, panelSlots, storageSlots } from './sample.ts'
import { askTraffic } from './ask-traffic.ts'
import { measuredRows } from './measured-traffic.ts'
import type { TrafficCalendar } from './measured-traffic.ts'
import { countedSince, keptSince, trafficRows } from './traffic.ts'
import type { TrafficAdd, TrafficCounts } from './traffic-ports.ts'

interface Deps extends TrafficCalendar {
  readonly transact: Transact<PanelStores>, readonly connections: ConnectionStore, readonly openHypervisor: OpenHypervisor, readonly openPanel: OpenPanel, readonly clock: Clock, readonly live: Live, readonly log: Log, readonly refreshStock: () => Promise<void>, readonly trafficCounts: Pick<TrafficCounts, 'machines'>
  /** Fails when the work takes longer. */
  readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T>
}
const atATime = 32
/** Shorter than the time between two collections: one that is silent does not delay the next look at the others. */
const patience = 20_000
const healthKeptFor = 90 * 86_400_000
/** A refused growth that nobody asked for again is no wish any more. */
const refusalsKeptFor = 30 * 86_400_000

/**
 * Asks all hypervisors for their nodes, storages and machines, and all control panels for the state of their servers, and stores what they say, also as a sample of their series and as traffic of their machines. One that does not
 * answer keeps nobody else waiting: it is shown as unhealthy with the reason, what was last seen of it stays, and its series have a gap. Also frees addresses whose quarantine is over, once a day notes how full each pool is, and counts the stock of products from all of it.
 */
export const collectState = (deps: Deps) => async (): Promise<void> => {
  // All samples of a collection are of the moment at which it began, however long each connection takes.
  const began = deps.clock.now()
  const waiting = await deps.connections.all()
  await Promise.all(Array.from({ length: Math.min(atATime, waiting.length) }, async () => {
    for (let connection = waiting.shift(); connection; connection = waiting.shift()) await collectOne(deps, connection, began)
  }))
  const now = deps.clock.now()
  await deps.transact(async (stores) => {
    await stores.connections.forgetHealthChangesBefore(new Date(now.getTime() - healthKeptFor))
    await stores.refusedGrowths.forgetBefore(new Date(now.getTime() - refusalsKeptFor))
    await stores.addressPools.releaseQuarantine(now)
    await stores.poolAddresses.recordDay(dayOf(now))
    await stores.poolAddresses.forgetDaysBefore(daysBefore(now, 730))
    await stores.ipv6Pools.recordDay(dayOf(now))
    await stores.ipv6Pools.forgetDaysBefore(daysBefore(now, 730))
    await stores.trafficCounts.forgetBefore(keptSince(now, deps.monthOf), 2000)
  })
  await deps.refreshStock()
}

/** Stores what one connection said, unless it was deleted meanwhile. */
type Store = (stores: PanelStores, at: Date, began: Date) => Promise<Omit<ConnectionHealth, 'healthy' | 'problem' | 'checkedAt'>>
/** What one connection said. `moved`: what its machines moved, as read at `readAt`. */
interface Said { readonly store: Store, readonly moved: readonly TrafficAdd[], readonly readAt: Date }

async function askHypervisor(deps: Deps, id: string): Promise<Said> {
  const { openHypervisor, within, clock, monthOf, trafficCounts } = deps
  const before = clock.now()
  // What is counted is asked for meanwhile. Should another look be stored before this one, its rows say on which reading they build.
  const [seen, machines] = await Promise.all([within(patience, openHypervisor(id).then(driver => driver.look())), trafficCounts.machines(id, countedSince(before, monthOf))])
  const measured = await askTraffic(deps, id, seen, machines, before)
  // Of the moment before the look: two looks that are stored in the other order are known by it.
  const moved = measured ? measuredRows(machines, seen.machines, { ...measured, readAt: before }, deps) : trafficRows(machines, seen.machines, before, monthOf)
  const store: Store = async (stores, at, began) => {
    await stores.nodes.record(id, seen.nodes, at)
    await stores.storages.record(id, seen.storages, at)
    await stores.series.put('raw', began.getTime(), [...nodeSlots(id, seen.nodes), ...storageSlots(id, seen.storages)])
    await stores.machineObservations.record(id, seen.machines, at)
    await stores.capacity.saveLook(id, before, seen.headroom)
    return { version: seen.nodes.find(node => node.version)?.version ?? null, filtersApply: seen.filtersApply }
  }
  return { store, moved, readAt: before }
}

async function askPanel({ openPanel, within, clock }: Deps, id: string): Promise<Said> {
  const before = clock.now()
  const seen = await within(patience, openPanel(id).then(driver => driver.observe()))
  const store: Store = async (stores, _, began) => {
    await stores.panelServers.record(id, seen, before)
    await stores.series.put('raw', began.getTime(), panelSlots(id, seen))
    return { version: seen.version, filtersApply: null }
  }
  return { store, moved: [], readAt: before }
}

async function collectOne(deps: Deps, { id, kind, name, problem }: ConnectionRecord, began: Date): Promise<void> {
  const { transact, clock, live, log } = deps
  try {
    const { store, moved, readAt } = await (isPanel(kind) ? askPanel(deps, id) : askHypervisor(deps, id))
    const at = clock.now()
    // Both write a row for each machine, and neither needs the other: the database does them side by side.
    await Promise.all([
      transact(async (stores) => {
        // Deleted meanwhile: there is nothing to keep.
        if (!await stores.connections.lock(id)) return
        await stores.connections.recordHealth(id, { healthy: true, problem: null, ...await store(stores, at, began), checkedAt: at })
      }),
      moved.length > 0 ? transact(stores => stores.trafficCounts.add(id, moved, readAt)) : null,
    ])
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (message !== problem) log.warn({ connection: name, problem: message }, 'a connection does not tell its state')
    await transact(stores => stores.connections.recordHealth(id, { healthy: false, problem: message, version: null, filtersApply: null, checkedAt: clock.now() }))
  }
  live.publish({ audience: 'staff', name: 'nodes', id })
}
