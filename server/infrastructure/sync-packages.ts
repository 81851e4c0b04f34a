import type { OpenPanel } from './panel-ports.ts'
import { synchronise } from './synchronise.ts'
import type { SyncDeps, SyncInput, SyncOutcome } from './synchronise.ts'

interface Deps extends SyncDeps { readonly openPanel: OpenPanel }

/** Reads the packages of a control panel and the state of its server. @throws AppError not_found, connection_failed */
export const syncPackages = (deps: Deps) => ({ actor, id, ...request }: SyncInput): Promise<SyncOutcome> => synchronise(deps)({
  actor, id, request, known: stores => stores.packages.forConnection(id), keyOf: found => found.name,
  fieldsOf: ({ diskMiB, bandwidthMiB, maxAddonDomains, maxMailboxes, maxDatabases }) => ({ diskMiB, bandwidthMiB, maxAddonDomains, maxMailboxes, maxDatabases }),
  async read() {
    const driver = await deps.openPanel(id)
    return Promise.all([driver.listPackages(), driver.observe()])
  },
  usedBy: (stores, rows) => stores.packages.usedBy(rows.map(row => row.id)),
  async keep(stores, { offered, seen: server, vanishedIds, at }) {
    await stores.packages.save(id, offered, at)
    await stores.packages.markVanished(vanishedIds)
    await stores.panelServers.record(id, server, at)
  },
})
