import { AppError } from '#shared/errors/codes.ts'
import type { EndReason } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { endOpenChange } from './close-change.ts'
import { closeInvoice } from './close-invoice.ts'
import { auditStaff, hint, recordTransition } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { endAlignmentOf } from './follow-alignment.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Subscription } from './ports.ts'

export interface Ending { readonly serviceId: string, readonly reason: EndReason, readonly note: string, readonly actor: Actor }

/**
 * Ends a service for good: its machine is destroyed by a saga, and invoices that no living service stands on are closed: a loss when
 * they should have been paid (nonpayment, fraud), void otherwise. Ended already: nothing is done. @throws AppError not_found
 */
export const endService = (deps: BillingDeps) => async (stores: BillingStores, { serviceId, reason, note, actor }: Ending): Promise<void> => {
  // Invoices before services, in every transaction: whoever locks in another order waits crosswise.
  const open = await stores.invoices.lockOpenOfService(serviceId)
  const service = await stores.subscriptions.lock(serviceId)
  if (!service) throw new AppError('not_found')
  if (service.status === 'ended') return
  const now = deps.clock.now()
  // An upgrade that nobody paid was never owed: void, whatever becomes of the other invoices.
  await endOpenChange(deps, stores, { serviceId, reason: `service_ended:${reason}`, ended: true, actor })
  await endAlignmentOf(deps, stores, { serviceId, reason: `service_ended:${reason}`, actor })
  await stores.subscriptions.setStatus(serviceId, { status: 'ended', endReason: reason, endedAt: now, suspensionReason: null, suspensionNote: null, resumeRequestedAt: null })
  await recordTransition(stores, { entity: 'service', id: serviceId, from: service.status, to: 'ended', cause: reason, actor, at: now })
  for (const { id } of open) {
    const invoice = await stores.invoices.lock(id)
    if (invoice?.status !== 'issued') continue
    if (await stores.invoices.countLiveServices(invoice.id) > 0) continue
    const lines = await stores.invoices.linesOf(invoice.id)
    const begun = lines.some(line => line.periodStart !== null && line.periodStart < now) || await stores.subscriptions.hasPeriodOf(serviceId, invoice.id)
    const lost = reason === 'nonpayment' || (reason === 'fraud' && begun)
    await closeInvoice(deps)(stores, { invoice, as: lost ? 'uncollectible' : 'void', reason: `service_ended:${reason}`, actor })
  }
  await settleOrder(deps, stores, service, actor, now)
  await stores.outbox.emit('billing.service-ended', { serviceId, reason })
  if (reason !== 'order_expired') await queueMail(deps, stores, { template: 'service_ended', key: `service-ended:${serviceId}`, clientId: service.clientId, path: `/portal/services/${serviceId}`, values: { hostname: service.hostname, product: service.productName, reason } })
  await auditStaff(stores, { actor, action: 'service.end', entity: 'service', entityId: serviceId, before: { status: service.status }, after: { status: 'ended', reason, note } })
  hint(stores, 'service', serviceId, service.clientId)
}

/** An order none of whose services lives on before it was fulfilled is cancelled. */
async function settleOrder(deps: BillingDeps, stores: BillingStores, service: Subscription, actor: Actor, now: Date) {
  if (service.status !== 'pending') return
  const order = await stores.orderStates.lock(service.orderId)
  if (!order || order.status === 'fulfilled' || order.status === 'cancelled') return
  const others = (await stores.subscriptions.ofOrder(service.orderId)).filter(other => other.id !== service.id)
  if (others.some(other => other.status === 'pending')) return
  const served = others.some(other => other.status !== 'ended')
  // Some of the order lives: with nothing left to build it is fulfilled; nothing of it lives: cancelled.
  const to = served && order.status === 'fulfilling' ? 'fulfilled' : 'cancelled'
  if (served && to === 'cancelled') return
  await stores.orderStates.setStatus(order.id, to)
  await recordTransition(stores, { entity: 'order', id: order.id, from: order.status, to, cause: 'service_ended', actor, at: now })
  if (order.status === 'placed') await deps.hooks().onOrderExpired?.(stores, order.id)
}
