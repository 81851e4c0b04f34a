import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { PanelStores } from './ports.ts'
import type { OpenPanel } from './panel-ports.ts'
import { synchronise } from './synchronise.ts'
import type { SyncOutcome } from './synchronise.ts'

interface Deps { readonly transact: Transact<PanelStores>, readonly openPanel: OpenPanel, readonly clock: Clock }

/** Reads the packages of a control panel and the state of its server. @throws AppError not_found, connection_failed */
export const syncPackages = ({ transact, openPanel, clock }: Deps) => ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<SyncOutcome> => synchronise({ transact, clock })({
  actor, id, known: stores => stores.packages.forConnection(id), keyOf: found => found.name,
  async read() {
    const driver = await openPanel(id)
    return Promise.all([driver.listPackages(), driver.observe()])
  },
  async keep(stores, { offered, seen: server, vanishedIds, at }) {
    await stores.packages.save(id, offered, at)
    await stores.packages.markVanished(vanishedIds)
    await stores.panelServers.record(id, server, at)
  },
})
