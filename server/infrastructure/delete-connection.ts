import { AppError } from '#shared/errors/codes.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { auditedConnection } from './connection.ts'
import type { InfrastructureStores } from './ports.ts'

/** Deletes a connection that nothing refers to; its templates and observations go with it. @throws AppError not_found, connection_in_use */
export const deleteConnection = ({ transact }: { readonly transact: Transact<InfrastructureStores> }) => ({ actor, id }: { readonly actor: Actor, readonly id: string }): Promise<void> => transact(async (stores) => {
  const before = await stores.connections.lock(id)
  if (!before) throw new AppError('not_found')
  await stores.connections.remove(id)
  await stores.audit.record({ actor, action: 'connection.delete', entity: 'connection', entityId: id, before: auditedConnection(before) })
  stores.live.publish({ audience: 'staff', name: 'connection', id })
})
