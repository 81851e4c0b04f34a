import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '../kernel/ports.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingStores } from './ports.ts'

/**
 * The client's wish to end a service when what is paid ends (`cancel: false` takes it back). A renewal invoice that is open already is
 * voided when the service ends. @throws AppError not_found (foreign, too), transition_refused (not living)
 */
export const scheduleCancellation = async (stores: BillingStores, { serviceId, clientId, cancel, actor }: { readonly serviceId: string, readonly clientId: string | null, readonly cancel: boolean, readonly actor: Actor }): Promise<void> => {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  if (service.status === 'pending' || service.status === 'ended') throw new AppError('transition_refused', { params: { from: service.status, to: 'ended' } })
  await stores.subscriptions.setCancelAtPeriodEnd(serviceId, cancel)
  await auditStaff(stores, { actor, action: cancel ? 'service.cancel' : 'service.keep', entity: 'service', entityId: serviceId, before: { cancelAtPeriodEnd: service.cancelAtPeriodEnd }, after: { cancelAtPeriodEnd: cancel } })
  hint(stores, 'service', serviceId, service.clientId)
}
