import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { ConnectionStore, InfrastructureStores, OpenHypervisor } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly connections: ConnectionStore, readonly openHypervisor: OpenHypervisor, readonly clock: Clock }
export interface SyncOutcome { added: string[], vanished: string[], unchanged: number }

/**
 * Reads templates and nodes from the hypervisor. A template that is gone stays known, marked absent: products and services refer to it.
 * @throws AppError not_found, connection_failed
 */
export const syncTemplates = ({ transact, connections, openHypervisor, clock }: Deps) => async ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<SyncOutcome> => {
  if (!await connections.find(id)) throw new AppError('not_found')
  const [remote, nodes] = await read(openHypervisor, id)
  return transact(async (stores) => {
    if (!await stores.connections.lock(id)) throw new AppError('not_found')
    const known = await stores.remoteTemplates.forConnection(id)
    const present = new Set(known.filter(template => template.present).map(template => template.ref))
    const here = new Set(remote.map(template => template.ref))
    const vanished = known.filter(template => template.present && !here.has(template.ref))
    const added = remote.filter(template => !present.has(template.ref))
    await stores.remoteTemplates.save(id, remote, clock.now())
    await stores.remoteTemplates.markVanished(vanished.map(template => template.id))
    await stores.nodes.record(id, nodes, clock.now())
    const outcome = { added: added.map(template => template.name), vanished: vanished.map(template => template.name), unchanged: remote.length - added.length }
    await stores.audit.record({ actor, action: 'connection.sync', entity: 'connection', entityId: id, after: outcome })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
    return outcome
  })
}

async function read(openHypervisor: OpenHypervisor, id: string) {
  try {
    const driver = await openHypervisor(id)
    return await Promise.all([driver.listTemplates(), driver.listNodes()])
  } catch (error) {
    if (error instanceof DriverError) throw new AppError('connection_failed', { params: { detail: error.message }, cause: error })
    throw error
  }
}
