import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Clock, Transact } from '../kernel/ports.ts'
import type { ConnectionStore, InfrastructureStores, OpenHypervisor } from './ports.ts'
import { synchronise } from './synchronise.ts'
import type { SyncOutcome } from './synchronise.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly connections: ConnectionStore, readonly openHypervisor: OpenHypervisor, readonly clock: Clock }

/** Reads templates and nodes from the hypervisor. @throws AppError not_found, connection_failed */
export const syncTemplates = ({ transact, connections, openHypervisor, clock }: Deps) => async ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<SyncOutcome> => {
  if (!await connections.find(id)) throw new AppError('not_found')
  return synchronise({ transact, clock })({
    actor, id, known: stores => stores.remoteTemplates.forConnection(id), keyOf: template => template.ref,
    async read() {
      const driver = await openHypervisor(id)
      return Promise.all([driver.listTemplates(), driver.listNodes()])
    },
    async keep(stores, { offered, seen: nodes, vanishedIds, at }) {
      await stores.remoteTemplates.save(id, offered, at)
      await stores.remoteTemplates.markVanished(vanishedIds)
      await stores.nodes.record(id, nodes, at)
    },
  })
}
