import { AppError } from '#shared/errors/codes.ts'
import type { SecretBox, Transact } from '../kernel/ports.ts'
import type { ProvisioningStores } from './ports.ts'

/** The initial login of a finished machine, once: of two who ask at the same time one gets it. @throws AppError not_found, service_not_ready, credentials_already_shown */
export const revealCredentials = (deps: { transact: Transact<ProvisioningStores>, secrets: SecretBox }) => async ({ id, clientId }: { id: string, clientId: string }): Promise<{ username: string, password: string }> => {
  const { username, sealed } = await deps.transact(async (stores) => {
    const service = await stores.serviceControl.lock(id)
    if (!service || service.clientId !== clientId) throw new AppError('not_found')
    const resource = await stores.resources.lock(id)
    if (!resource || (resource.status !== 'ready' && resource.status !== 'stopped_by_policy')) throw new AppError('service_not_ready')
    if (resource.initialPassword === null) throw new AppError('credentials_already_shown')
    await stores.resources.update(id, { initialPassword: null })
    return { username: resource.username ?? 'root', sealed: resource.initialPassword }
  })
  return { username, password: deps.secrets.open(sealed) }
}
