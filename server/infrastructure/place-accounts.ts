import { AppError } from '#shared/errors/codes.ts'
import { isPanel } from '#shared/vocabulary/machines.ts'
import type { PlacementPolicy } from '#shared/vocabulary/machines.ts'
import type { Log } from '../kernel/ports.ts'
import type { OpenPanel, PanelServer, PlaceAccounts } from './panel-ports.ts'
import { gibi } from './placement.ts'
import type { ConnectionStore, PlacementLimits } from './ports.ts'
import { limitsOf } from './set-placement-limits.ts'

interface Deps { readonly connections: ConnectionStore, readonly openPanel: OpenPanel, readonly log: Log, readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T> }
const patience = 8_000

/** A server as it was seen now; null: it did not tell. */
export interface SeenServer { readonly connectionId: string, readonly limits: PlacementLimits, readonly seen: { readonly server: Pick<PanelServer, 'hostname' | 'disk' | 'accounts'>, readonly packages: readonly string[] } | null }

const free = ({ disk }: Pick<PanelServer, 'disk'>): number => disk ? disk.total - disk.used : 0

/**
 * Of the servers that have the package and room for so many accounts the one with the most free disk (filling first: the least); or why there is none. Pure. One that does not
 * tell its disk or its accounts is not taken on a guess.
 */
export function chooseServer(servers: readonly SeenServer[], { package: name, count, policy }: { readonly package: string, readonly count: number, readonly policy?: PlacementPolicy }): { readonly connectionId: string, readonly hostname: string | null } | 'package_unavailable' | 'out_of_stock' | 'capacity_unknown' {
  const having = servers.filter(({ seen }) => seen === null || seen.packages.includes(name))
  if (having.length === 0) return 'package_unavailable'
  const told = having.flatMap(({ connectionId, limits, seen }) => seen?.server.disk && seen.server.accounts ? [{ connectionId, limits, server: seen.server, accounts: seen.server.accounts }] : [])
  const roomy = told.filter(({ server, limits, accounts }) => free(server) >= limits.storageReserveGiB * gibi && accounts.now + count <= Math.min(accounts.most ?? Number.POSITIVE_INFINITY, limits.maxAccounts ?? Number.POSITIVE_INFINITY))
  const [best] = roomy.sort((a, b) => policy === 'fill_first' ? free(a.server) - free(b.server) : free(b.server) - free(a.server))
  if (best) return { connectionId: best.connectionId, hostname: best.server.hostname }
  return told.length < having.length ? 'capacity_unknown' : 'out_of_stock'
}

/** Implements the port. Servers are asked together, each for a bounded time. */
export const placeAccounts = ({ connections, openPanel, log, within }: Deps): PlaceAccounts => async (input) => {
  const usable = (await connections.all()).filter(({ id, kind, maintenance }) => input.connectionIds.includes(id) && isPanel(kind) && !maintenance)
  if (usable.length === 0) throw new AppError('out_of_stock', { message: 'no server takes new accounts' })
  const servers = await Promise.all(usable.map(async ({ id, name, ...row }): Promise<SeenServer> => {
    const limits = limitsOf(row)
    try {
      const driver = await openPanel(id)
      const [server, packages] = await within(patience, Promise.all([driver.observe(), driver.listPackages()]))
      return { connectionId: id, limits, seen: { server, packages: packages.map(each => each.name) } }
    } catch (error) {
      log.warn({ connection: name, problem: error instanceof Error ? error.message : String(error) }, 'a hosting server does not tell what it can carry')
      return { connectionId: id, limits, seen: null }
    }
  }))
  const chosen = chooseServer(servers, input)
  if (typeof chosen === 'string') throw new AppError(chosen)
  return chosen
}
