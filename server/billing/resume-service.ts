import { AppError } from '#shared/errors/codes.ts'
import type { Actor } from '../kernel/ports.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'

/**
 * Lifts a suspension of any reason; see `ResumeService`. If an invoice is still overdue, the calendar suspends again at its next run:
 * hold the service to give the client time. @throws AppError not_found, transition_refused (not suspended)
 */
export const resumeService = (deps: BillingDeps) => async (stores: BillingStores, { serviceId, note, actor }: { readonly serviceId: string, readonly note: string, readonly actor: Actor }): Promise<void> => {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service) throw new AppError('not_found')
  if (service.status !== 'suspended') throw new AppError('transition_refused', { params: { from: service.status, to: 'active' } })
  await stores.subscriptions.setStatus(serviceId, { status: 'suspended', resumeRequestedAt: deps.clock.now() })
  await stores.outbox.emit('billing.service-resumable', { serviceId })
  await auditStaff(stores, { actor, action: 'service.resume', entity: 'service', entityId: serviceId, before: { status: service.status, reason: service.suspensionReason }, after: { note } })
  hint(stores, 'service', serviceId, service.clientId)
}
