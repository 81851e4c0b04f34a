import { AppError } from '#shared/errors/codes.ts'
import type { Clock, Transact } from '../kernel/ports.ts'
import type { NodeClosureStores, SetNodeClosure } from './node-closure-ports.ts'
import type { NodeStore } from './ports.ts'

/** Implements the port. `reason` null: it is opened. */
export const setNodeClosure = ({ clock }: { readonly clock: Clock }): SetNodeClosure => async (stores, { connectionId, node, reason, actor }) => {
  const before = await stores.nodeClosures.find(connectionId, node)
  if ((before === null) === (reason === null)) return
  if (reason === null) await stores.nodeClosures.open(connectionId, node)
  else if (!await stores.nodeClosures.close(connectionId, node, { reason, by: actor.id, at: clock.now() })) throw new AppError('not_found')
  await stores.audit.record({ actor, action: reason === null ? 'node.open' : 'node.close', entity: 'connection', entityId: connectionId, before: { node, ...(before ? { reason: before.reason } : {}) }, after: { node, ...(reason === null ? {} : { reason }) } })
}

interface Deps { readonly nodes: NodeStore, readonly transact: Transact<NodeClosureStores>, readonly clock: Clock, readonly stockDue: () => Promise<void> }
/** A node that no look knows (any more) may be opened, not closed. @throws AppError not_found */
export const closeNode = ({ nodes, transact, clock, stockDue }: Deps) => async (input: Parameters<SetNodeClosure>[1]): Promise<void> => {
  if (input.reason !== null && !await nodes.find(input.connectionId, input.node)) throw new AppError('not_found')
  await transact(stores => setNodeClosure({ clock })(stores, input))
  await stockDue()
}
