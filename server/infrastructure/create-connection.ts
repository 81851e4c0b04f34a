import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, Clock, NewId, SecretBox, Transact } from '../kernel/ports.ts'
import { auditedConnection, secretOf, toConnectionFields, toConnectionView } from './connection.ts'
import type { ConnectionInput, ConnectionView } from './connection.ts'
import type { InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly secrets: SecretBox, readonly clock: Clock, readonly newId: NewId }

/** Adds a connection, its secret sealed. Nothing is sent to it yet. @throws AppError invalid_input */
export const createConnection = ({ transact, secrets, clock, newId }: Deps) => async ({ actor, input }: { readonly actor: Actor, readonly input: ConnectionInput }): Promise<ConnectionView> => {
  const fields = toConnectionFields(input)
  const secret = secretOf(input)
  if (!secret) throw fieldError('tokenSecret', 'secret_required_again')
  const sealed = secrets.seal(secret)
  const id = newId()
  return transact(async (stores) => {
    await stores.connections.insert(id, fields, sealed, clock.now())
    const made = await stores.connections.find(id)
    if (!made) throw new AppError('not_found')
    await stores.audit.record({ actor, action: 'connection.create', entity: 'connection', entityId: id, after: auditedConnection(made) })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
    return toConnectionView(made)
  })
}
