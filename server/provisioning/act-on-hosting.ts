import { AppError } from '#shared/errors/codes.ts'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { OpenPanel } from '../infrastructure/ports.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, Log, SecretBox, Transact } from '../kernel/ports.ts'
import { accountOf } from './account.ts'
import { openPasswordSaga } from './open-saga.ts'
import type { ProvisioningStores, ServiceControl } from './ports.ts'

type User = Extract<Actor, { kind: 'user' }>
interface Deps { readonly transact: Transact<ProvisioningStores>, readonly serviceControl: ServiceControl, readonly openPanel: OpenPanel, readonly secrets: SecretBox, readonly log: Log }

/**
 * A client's way into his account without a password: an address that logs him in once, soon. Made at each asking, kept nowhere; that it was made stands
 * in the audit log. @throws AppError not_found, service_suspended, service_not_ready, unavailable when the panel does not answer
 */
export const openHostingSession = ({ transact, serviceControl, openPanel, log }: Deps) => async ({ id, service, actor }: { readonly id: string, readonly service: 'panel' | 'webmail', readonly actor: User }): Promise<{ url: string, expiresAt: string }> => {
  if (!await serviceControl.isOwnedBy(id, actor.id)) throw new AppError('not_found')
  const facts = await serviceControl.facts(id)
  if (!facts?.hosting) throw new AppError('not_found')
  if (facts.status === 'suspended') throw new AppError('service_suspended')
  if ((facts.status !== 'active' && facts.status !== 'past_due') || facts.resource?.status !== 'ready') throw new AppError('service_not_ready')
  const { connectionId, ref } = accountOf(facts)
  try {
    const { url, expiresAt } = await (await openPanel(connectionId)).openSession(ref, service)
    await transact(stores => stores.audit.record({ actor, action: 'service.open-panel', entity: 'service', entityId: id, after: { service } }))
    return { url, expiresAt: expiresAt.toISOString() }
  } catch (error) {
    if (!(error instanceof DriverError)) throw error
    log.warn({ service: id, problem: error.message }, 'no session at the panel')
    throw new AppError('unavailable', { cause: error })
  }
}

/** A new password for a client's account, as a task that survives a restart; until it is set it is kept sealed. @throws AppError not_found, service_suspended, service_not_ready, action_in_progress */
export const changeHostingPassword = ({ transact, secrets }: Deps) => ({ id, password, actor }: { readonly id: string, readonly password: string, readonly actor: User }): Promise<void> => transact(async (stores) => {
  if (!await stores.serviceControl.isOwnedBy(id, actor.id)) throw new AppError('not_found')
  await openPasswordSaga(stores, { serviceId: id, sealed: secrets.seal(password), actor: actorLabel(actor) })
  await stores.audit.record({ actor, action: 'service.change-password', entity: 'service', entityId: id })
})
