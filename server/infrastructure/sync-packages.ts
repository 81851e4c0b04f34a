import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { OpenPanel, PanelServer, PanelStores, RemotePackage } from './panel-ports.ts'
import type { SyncOutcome } from './sync-templates.ts'

interface Deps { readonly transact: Transact<PanelStores>, readonly openPanel: OpenPanel, readonly clock: Clock }

/**
 * Reads the packages and the state of a control panel's server. A package that is gone stays known, marked absent; one that came back is
 * new again. @throws AppError not_found, connection_failed
 */
export const syncPackages = ({ transact, openPanel, clock }: Deps) => async ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<SyncOutcome> => {
  const [remote, server] = await read(openPanel, id)
  return transact(async (stores) => {
    if (!await stores.connections.lock(id)) throw new AppError('not_found')
    const known = await stores.packages.forConnection(id)
    const present = new Set(known.filter(each => each.present).map(each => each.name))
    const here = new Set(remote.map(each => each.name))
    const vanished = known.filter(each => each.present && !here.has(each.name))
    const added = remote.filter(each => !present.has(each.name))
    await stores.packages.save(id, remote, clock.now())
    await stores.packages.markVanished(vanished.map(each => each.id))
    await stores.panelServers.record(id, server, clock.now())
    const outcome = { added: added.map(each => each.name), vanished: vanished.map(each => each.name), unchanged: remote.length - added.length }
    await stores.audit.record({ actor, action: 'connection.sync', entity: 'connection', entityId: id, after: outcome })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
    return outcome
  })
}

async function read(openPanel: OpenPanel, id: string): Promise<[RemotePackage[], PanelServer]> {
  try {
    const driver = await openPanel(id)
    return await Promise.all([driver.listPackages(), driver.observe()])
  } catch (error) {
    if (error instanceof DriverError) throw new AppError('connection_failed', { params: { detail: error.message }, cause: error })
    throw error
  }
}
