import { AppError, fieldError } from '#shared/errors/codes.ts'
import type { Actor, SecretBox, Transact } from '../kernel/ports.ts'
import { auditedConnection, requireSecretAgain, secretOf, toConnectionFields, toConnectionView } from './connection.ts'
import type { ConnectionInput, ConnectionView } from './connection.ts'
import type { InfrastructureStores } from './ports.ts'

interface Deps { readonly transact: Transact<InfrastructureStores>, readonly secrets: SecretBox }

/** Changes a connection; without a new secret the kept one stays, unless it would go to another address. @throws AppError not_found, invalid_input */
export const updateConnection = ({ transact, secrets }: Deps) => async ({ actor, id, input }: { readonly actor: Actor, readonly id: string, readonly input: ConnectionInput }): Promise<ConnectionView> => {
  const secret = secretOf(input)
  const sealed = secret ? secrets.seal(secret) : null
  return transact(async (stores) => {
    const before = await stores.connections.lock(id)
    if (!before) throw new AppError('not_found')
    const fields = toConnectionFields(input)
    // Its templates and machines are named in its own words: another kind is another connection.
    if (before.kind !== fields.kind) throw fieldError('kind', 'kind_fixed')
    if (sealed === null) requireSecretAgain(before, fields)
    await stores.connections.update(id, fields, sealed ?? before.tokenSecret)
    const after = await stores.connections.find(id)
    if (!after) throw new AppError('not_found')
    await stores.audit.record({ actor, action: 'connection.update', entity: 'connection', entityId: id, before: auditedConnection(before), after: { ...auditedConnection(after), secretChanged: sealed !== null } })
    stores.live.publish({ audience: 'staff', name: 'connection', id })
    return toConnectionView(after)
  })
}
