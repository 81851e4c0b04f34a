import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Clock, Log, Transact } from '../kernel/ports.ts'
import type { FindServers, OpenPanel, PanelServerStore } from './panel-ports.ts'
import type { ConnectionStore } from './ports.ts'

interface Deps { readonly transact: Transact<{ readonly panelServers: PanelServerStore }>, readonly connections: ConnectionStore, readonly openPanel: OpenPanel, readonly clock: Clock, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 8_000

/** Implements the port. Servers are asked together, each for a bounded time. */
export const findServers = ({ transact, connections, openPanel, clock, log, within }: Deps): FindServers => async ({ connectionIds, package: wanted }) => {
  const usable = (await connections.all()).filter(({ id, kind, maintenance }) => connectionIds.includes(id) && isPanel(kind) && !maintenance)
  if (usable.length === 0) throw new AppError('out_of_stock', { message: 'no server takes new accounts' })
  const answers = await Promise.all(usable.map(async ({ id, name }) => {
    // The moment before the question: what is made while it is asked may or may not be in the answer, so it is counted once more.
    const at = clock.now()
    try {
      const driver = await openPanel(id)
      const [server, packages] = await within(patience, Promise.all([driver.observe(), driver.listPackages()]))
      await transact(stores => stores.panelServers.record(id, server, at))
      return { connectionId: id, hostname: server.hostname, has: packages.some(each => each.name === wanted) }
    } catch (error) {
      log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'a hosting server does not tell what it can carry')
      return null
    }
  }))
  const told = answers.filter(answer => answer !== null)
  const complete = told.length === answers.length
  const servers = told.filter(({ has }) => has).map(({ connectionId, hostname }) => ({ connectionId, hostname }))
  if (servers.length === 0) throw new AppError(complete ? 'package_unavailable' : 'capacity_unknown')
  return { servers, complete }
}
