import { AppError } from '#shared/errors/codes.ts'
import { identitiesOf } from '#shared/vocabulary/machines.ts'
import type { GuestIdentity } from '#shared/vocabulary/machines.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import type { InfrastructureStores } from './ports.ts'

/** How guests made of a template from now on get their identity; those that are there stay as they are. @throws AppError not_found, invalid_input for what its hypervisor cannot do */
export const setTemplateIdentity = ({ transact }: { readonly transact: Transact<InfrastructureStores> }) => ({ id, identity, actor }: { readonly id: string, readonly identity: GuestIdentity, readonly actor: Actor }): Promise<{ id: string, identity: GuestIdentity }> => transact(async (stores) => {
  const template = await stores.remoteTemplates.lock(id)
  if (!template) throw new AppError('not_found')
  if (!identitiesOf(template.connectionKind).includes(identity)) throw new AppError('invalid_input')
  if (template.identity !== identity) {
    await stores.remoteTemplates.setIdentity(id, identity)
    await stores.audit.record({ actor, action: 'template.identity', entity: 'connection', entityId: template.connectionId, before: { template: template.name, identity: template.identity }, after: { template: template.name, identity } })
  }
  return { id, identity }
})
