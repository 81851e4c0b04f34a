import type { Actor } from '../kernel/ports.ts'
import { recordTransition } from './deps.ts'
import type { BillingStores, Subscription } from './ports.ts'

/**
 * Nothing overdue remains for a service: past due turns active; a suspension for nonpayment is lifted (the machine is started first, and
 * its proof turns the service active). Suspensions for any other reason stay. The caller has locked the service.
 */
export async function releaseFromDunning(stores: BillingStores, { service, cause, actor, now }: { readonly service: Subscription, readonly cause: string, readonly actor: Actor, readonly now: Date }): Promise<void> {
  const waits = service.status === 'past_due' || (service.status === 'suspended' && service.suspensionReason === 'nonpayment')
  if (!waits || await stores.invoices.hasOverdue(service.id, now)) return
  if (service.status === 'suspended') {
    await stores.subscriptions.setStatus(service.id, { status: 'suspended', resumeRequestedAt: now })
    await stores.outbox.emit('billing.service-resumable', { serviceId: service.id })
    return
  }
  await stores.subscriptions.setStatus(service.id, { status: 'active' })
  await recordTransition(stores, { entity: 'service', id: service.id, from: 'past_due', to: 'active', cause, actor, at: now })
}
