import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { Log } from '../kernel/ports.ts'
import type { OpenPanel, PanelServer, PlaceAccounts } from './panel-ports.ts'
import type { ConnectionStore } from './ports.ts'

interface Deps { readonly connections: ConnectionStore, readonly openPanel: OpenPanel, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 8_000
/** So much of a server's disk stays free. */
const reserve = 20 * 1024 ** 3

/** A server as it was seen now; null: it did not tell. */
export interface SeenServer { readonly connectionId: string, readonly seen: { readonly server: Pick<PanelServer, 'hostname' | 'disk' | 'accounts'>, readonly packages: readonly string[] } | null }

const free = ({ disk }: Pick<PanelServer, 'disk'>): number => disk ? disk.total - disk.used : 0

/**
 * The server with the most free disk of those that have the package and room for so many accounts; or why there is none. Pure. One that does not
 * tell its disk or its accounts is not taken on a guess.
 */
export function chooseServer(servers: readonly SeenServer[], { package: name, count }: { readonly package: string, readonly count: number }): { readonly connectionId: string, readonly hostname: string | null } | 'package_unavailable' | 'out_of_stock' | 'capacity_unknown' {
  const having = servers.filter(({ seen }) => seen === null || seen.packages.includes(name))
  if (having.length === 0) return 'package_unavailable'
  const told = having.flatMap(({ connectionId, seen }) => seen?.server.disk && seen.server.accounts ? [{ connectionId, server: seen.server, accounts: seen.server.accounts }] : [])
  const [best] = told.filter(({ server, accounts }) => free(server) >= reserve && (accounts.most === null || accounts.most - accounts.now >= count)).sort((a, b) => free(b.server) - free(a.server))
  if (best) return { connectionId: best.connectionId, hostname: best.server.hostname }
  return told.length < having.length ? 'capacity_unknown' : 'out_of_stock'
}

/** Implements the port. Servers are asked together, each for a bounded time. */
export const placeAccounts = ({ connections, openPanel, log, within }: Deps): PlaceAccounts => async (input) => {
  const usable = (await connections.all()).filter(({ id, kind, maintenance }) => input.connectionIds.includes(id) && isPanel(kind) && !maintenance)
  if (usable.length === 0) throw new AppError('out_of_stock', { message: 'no server takes new accounts' })
  const servers = await Promise.all(usable.map(async ({ id, name }): Promise<SeenServer> => {
    try {
      const driver = await openPanel(id)
      const [server, packages] = await within(patience, Promise.all([driver.observe(), driver.listPackages()]))
      return { connectionId: id, seen: { server, packages: packages.map(each => each.name) } }
    } catch (error) {
      log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'a hosting server does not tell what it can carry')
      return { connectionId: id, seen: null }
    }
  }))
  const chosen = chooseServer(servers, input)
  if (typeof chosen === 'string') throw new AppError(chosen)
  return chosen
}
