import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Subscription } from './ports.ts'

/**
 * The machine was read back and runs; see `MarkServiceActive`. A suspended service turns active only if its suspension was lifted
 * (`resumeRequestedAt`): a resume that was overtaken by a new suspension changes nothing. What is paid once is delivered now, and its price
 * earned; `byHand`: people did it, no machine was read back.
 */
export const markServiceActive = (deps: BillingDeps) => async (stores: BillingStores, input: { readonly serviceId: string, readonly cause: string, readonly actor: Actor, readonly byHand?: boolean | undefined }): Promise<void> => {
  const service = await stores.subscriptions.lock(input.serviceId)
  if (!service || !mayTurnActive(service)) return
  const now = deps.clock.now()
  const first = service.status === 'pending'
  await stores.subscriptions.setStatus(service.id, { status: 'active', suspensionReason: null, suspensionNote: null, resumeRequestedAt: null, ...(first && !isRecurring(service.cycle) ? { deliveredAt: now } : {}) })
  await recordTransition(stores, { entity: 'service', id: service.id, from: service.status, to: 'active', cause: input.cause, actor: input.actor, at: now })
  // The letter names the service and its page; address and password are shown there and nowhere else.
  await queueMail(deps, stores, {
    template: first ? (input.byHand ? 'work_done' : 'service_ready') : 'service_resumed', key: first ? `service_ready:${service.id}` : `service_resumed:${service.id}:${now.toISOString()}`,
    clientId: service.clientId, path: `/portal/services/${service.id}`, values: { hostname: service.hostname, product: service.productName },
  })
  if (first) await fulfilOrder(stores, service, input.actor, now)
  hint(stores, 'service', service.id, service.clientId)
}

const mayTurnActive = (service: Subscription) => service.status === 'pending' || (service.status === 'suspended' && service.resumeRequestedAt !== null)

async function fulfilOrder(stores: BillingStores, service: Subscription, actor: Actor, now: Date) {
  const order = await stores.orderStates.lock(service.orderId)
  if (order?.status !== 'fulfilling') return
  const siblings = await stores.subscriptions.ofOrder(service.orderId)
  if (siblings.some(sibling => sibling.status === 'pending')) return
  await stores.orderStates.setStatus(order.id, 'fulfilled')
  await recordTransition(stores, { entity: 'order', id: order.id, from: 'fulfilling', to: 'fulfilled', cause: 'services_active', actor, at: now })
}
