import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Clock, Live, Log, Transact } from '../kernel/ports.ts'
import type { OpenPanel } from './panel-ports.ts'
import type { ConnectionHealth, ConnectionRecord, ConnectionStore, NodeHeadroom, ObservedMachine, OpenHypervisor, PanelStores, RemoteNode } from './ports.ts'

interface Deps {
  readonly transact: Transact<PanelStores>, readonly connections: ConnectionStore, readonly openHypervisor: OpenHypervisor, readonly openPanel: OpenPanel, readonly clock: Clock, readonly live: Live, readonly log: Log, readonly refreshStock: () => Promise<void>
  /** Fails when the work takes longer. */
  readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T>
}
const atATime = 4
const patience = 20_000
const keptFor = 86_400_000

/**
 * Asks all hypervisors for their nodes and machines, and all control panels for the state of their servers, and stores what they say. One that does not answer keeps nobody else waiting: it is
 * shown as unhealthy with the reason, and what was last seen of it stays. Also frees addresses whose quarantine is over, and counts the stock of products from all of it.
 */
export const collectState = (deps: Deps) => async (): Promise<void> => {
  const waiting = await deps.connections.all()
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (let connection = waiting.shift(); connection; connection = waiting.shift()) await collectOne(deps, connection)
  }))
  const now = deps.clock.now()
  await deps.transact(async (stores) => {
    await stores.nodes.forgetSamplesBefore(new Date(now.getTime() - keptFor))
    await stores.connections.forgetHealthChangesBefore(new Date(now.getTime() - 90 * keptFor))
    await stores.addressPools.releaseQuarantine(now)
  })
  await deps.refreshStock()
}

async function ask(openHypervisor: OpenHypervisor, id: string): Promise<{ nodes: RemoteNode[], machines: ObservedMachine[], filtersApply: boolean | null, headroom: NodeHeadroom[] }> {
  const driver = await openHypervisor(id)
  const [nodes, machines, filtersApply, headroom] = await Promise.all([driver.listNodes(), driver.listMarkedMachines(), driver.filtersApply(), driver.listHeadroom()])
  return { nodes, machines, filtersApply, headroom }
}

/** Stores what one connection said, unless it was deleted meanwhile. */
type Store = (stores: PanelStores, at: Date) => Promise<Omit<ConnectionHealth, 'healthy' | 'problem' | 'checkedAt'>>

async function askHypervisor({ openHypervisor, within, clock }: Deps, id: string): Promise<Store> {
  const before = clock.now()
  const seen = await within(patience, ask(openHypervisor, id))
  return async (stores, at) => {
    await stores.nodes.record(id, seen.nodes, at)
    await stores.machineObservations.record(id, seen.machines, at)
    await stores.capacity.saveLook(id, before, seen.headroom)
    return { version: seen.nodes.find(node => node.version)?.version ?? null, filtersApply: seen.filtersApply }
  }
}

async function askPanel({ openPanel, within }: Deps, id: string): Promise<Store> {
  const seen = await within(patience, openPanel(id).then(driver => driver.observe()))
  return async (stores, at) => {
    await stores.panelServers.record(id, seen, at)
    return { version: seen.version, filtersApply: null }
  }
}

async function collectOne(deps: Deps, { id, kind, name, problem }: ConnectionRecord): Promise<void> {
  const { transact, clock, live, log } = deps
  try {
    const store = await (isPanel(kind) ? askPanel(deps, id) : askHypervisor(deps, id))
    const at = clock.now()
    await transact(async (stores) => {
      // Deleted meanwhile: there is nothing to keep.
      if (!await stores.connections.lock(id)) return
      await stores.connections.recordHealth(id, { healthy: true, problem: null, ...await store(stores, at), checkedAt: at })
    })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (message !== problem) log.warn({ connection: name, problem: message }, 'a connection does not tell its state')
    await transact(stores => stores.connections.recordHealth(id, { healthy: false, problem: message, version: null, filtersApply: null, checkedAt: clock.now() }))
  }
  live.publish({ audience: 'staff', name: 'nodes', id })
}
