import { AppError } from '#shared/errors/codes.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { Actor } from '../kernel/ports.ts'
import { endOpenChange, isCancellable, lockInvoiceOfChange } from './close-change.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { endService } from './end-service.ts'
import { endAlignmentOf, lockInvoiceOfAlignment } from './follow-alignment.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, CancelWhy, Subscription } from './ports.ts'

interface Wish { readonly serviceId: string, /** Null: staff. */ readonly clientId: string | null, readonly why?: CancelWhy, readonly actor: Actor }

const untold: CancelWhy = { reason: null, note: null }

async function lockLiving(stores: BillingStores, { serviceId, clientId }: Wish): Promise<Subscription> {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service || (clientId !== null && service.clientId !== clientId)) throw new AppError('not_found')
  if (service.status === 'pending' || service.status === 'ended') throw new AppError('transition_refused', { params: { from: service.status, to: 'ended' } })
  return service
}

/**
 * The client's wish to end a service when what is paid ends (`cancel: false` takes it back, and forgets why). A renewal invoice that is open
 * already is voided when the service ends; a change that waits for money or for a renewal is over, unless its renewal invoice is written.
 * The client is told when it ends and how to take it back, or that it goes on; once per turn.
 * @throws AppError not_found (foreign, too), transition_refused (not living), paid_once_no_end (no period is paid that could end)
 */
export const scheduleCancellation = (deps: BillingDeps) => async (stores: BillingStores, wish: Wish & { readonly cancel: boolean }): Promise<void> => {
  const { serviceId, cancel, actor } = wish
  const why = cancel ? wish.why ?? untold : untold
  if (cancel) {
    await lockInvoiceOfChange(stores, serviceId)
    await lockInvoiceOfAlignment(stores, serviceId)
  }
  const service = await lockLiving(stores, wish)
  if (cancel && !isRecurring(service.cycle)) throw new AppError('paid_once_no_end')
  const change = cancel ? await stores.changes.openOf(serviceId) : null
  if (change && isCancellable(change)) await endOpenChange(deps, stores, { serviceId, reason: 'service_cancelled', actor })
  if (cancel) await endAlignmentOf(deps, stores, { serviceId, reason: 'service_cancelled', actor })
  await stores.subscriptions.setCancellation(serviceId, { atPeriodEnd: cancel, ...why })
  await auditStaff(stores, { actor, action: cancel ? 'service.cancel' : 'service.keep', entity: 'service', entityId: serviceId, before: { cancelAtPeriodEnd: service.cancelAtPeriodEnd }, after: { cancelAtPeriodEnd: cancel, ...(cancel ? why : {}) } })
  if (cancel !== service.cancelAtPeriodEnd) await tell(deps, stores, service, cancel)
  hint(stores, 'service', serviceId, service.clientId)
}

async function tell(deps: BillingDeps, stores: BillingStores, service: Subscription, cancel: boolean): Promise<void> {
  const facts = await stores.subscriptions.factsOf(service.id)
  const values = { hostname: service.hostname, product: service.productName, endsOn: facts?.paidUntil ?? deps.clock.now() }
  await queueMail(deps, stores, { template: cancel ? 'service_cancelled' : 'service_kept', key: `service-${cancel ? 'cancelled' : 'kept'}:${service.id}:${deps.clock.now().toISOString()}`, clientId: service.clientId, path: `/portal/services/${service.id}`, values })
}

/**
 * A client ends a service at once: its machine is destroyed, what is left of the paid period is given up, its open invoices are void.
 * @throws AppError not_found (foreign, too), transition_refused (not living), work_delivered, service_suspended (for another reason than money: staff decide)
 */
export const cancelNow = (deps: BillingDeps) => async (stores: BillingStores, wish: Wish): Promise<void> => {
  const { serviceId, why = untold, actor } = wish
  // Invoices before services, as everywhere.
  await stores.invoices.lockOpenOfService(serviceId)
  const service = await lockLiving(stores, wish)
  if (service.status === 'suspended' && service.suspensionReason !== 'nonpayment') throw new AppError('service_suspended')
  if ((await stores.subscriptions.factsOf(serviceId))?.byHand) throw new AppError('work_delivered')
  await stores.subscriptions.setCancellation(serviceId, { atPeriodEnd: service.cancelAtPeriodEnd, ...why })
  await endService(deps)(stores, { serviceId, reason: 'request', note: why.note ?? why.reason ?? '', actor })
}
