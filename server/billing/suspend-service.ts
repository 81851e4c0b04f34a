import { AppError } from '#shared/errors/codes.ts'
import type { SuspensionReason } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { auditStaff, hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { queueMail } from './mails.ts'
import type { BillingStores } from './ports.ts'

export interface Suspension { readonly serviceId: string, readonly reason: SuspensionReason, readonly note: string, readonly actor: Actor }

/**
 * Suspends a service; the machine is stopped by a saga. One that is suspended already keeps its state, but a staff reason replaces
 * `nonpayment`, so that a payment does not lift it. @throws AppError not_found, transition_refused (pending, ended)
 */
export const suspendService = (deps: BillingDeps) => async (stores: BillingStores, { serviceId, reason, note, actor }: Suspension): Promise<void> => {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service) throw new AppError('not_found')
  if (service.status === 'pending' || service.status === 'ended') throw new AppError('transition_refused', { params: { from: service.status, to: 'suspended' } })
  const now = deps.clock.now()
  const stays = service.status === 'suspended' && service.resumeRequestedAt === null && (reason === 'nonpayment' || reason === service.suspensionReason)
  if (stays) return
  const kept = service.status === 'suspended' && reason === 'nonpayment' ? service.suspensionReason ?? reason : reason
  await stores.subscriptions.setStatus(serviceId, { status: 'suspended', suspensionReason: kept, suspensionNote: note, resumeRequestedAt: null })
  if (service.status !== 'suspended') {
    await recordTransition(stores, { entity: 'service', id: serviceId, from: service.status, to: 'suspended', cause: reason, actor, at: now })
    await queueMail(deps, stores, { template: 'service_suspended', key: `service-suspended:${serviceId}:${now.toISOString()}`, clientId: service.clientId, path: `/portal/services/${serviceId}`, values: { hostname: service.hostname, product: service.productName, reason } })
  }
  await stores.outbox.emit('billing.service-suspended', { serviceId, reason: kept })
  await auditStaff(stores, { actor, action: 'service.suspend', entity: 'service', entityId: serviceId, before: { status: service.status, reason: service.suspensionReason }, after: { status: 'suspended', reason: kept, note } })
  hint(stores, 'service', serviceId, service.clientId)
}
