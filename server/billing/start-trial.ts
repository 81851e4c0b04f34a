import { AppError } from '#shared/errors/codes.ts'
import { zero } from '#shared/money/money.ts'
import type { Actor } from '../kernel/ports.ts'
import { hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { fixTerm } from './fixed-term.ts'
import { queueMail } from './mails.ts'
import type { BillingStores } from './ports.ts'
import { renewalPrice } from './renewal-price.ts'
import { advanceOrder } from './settle-invoice.ts'

/**
 * Begins the trial of a service whose order asks for nothing: a period with amount 0 from now for so many days, without an invoice, and the
 * build. The first paid period follows it without a gap, by the calendar. A client has one trial of a product, ever.
 * @throws AppError not_found, trial_used
 */
export const startTrial = (deps: BillingDeps) => async (stores: BillingStores, { serviceId, productId, days, actor }: { readonly serviceId: string, readonly productId: string, readonly days: number, readonly actor: Actor }): Promise<void> => {
  const service = await stores.subscriptions.lock(serviceId)
  if (service?.status !== 'pending') throw new AppError('not_found')
  const now = deps.clock.now()
  const { calendar } = deps.rules
  const endsAt = calendar.shiftDays(now, days)
  if (!await stores.lives.addTrial({ clientId: service.clientId, productId, serviceId, startedAt: now })) throw new AppError('trial_used')
  await stores.subscriptions.addPeriod({ serviceId, periodStart: now, periodEnd: endsAt, invoiceId: null, amount: zero(service.price.currency) })
  // Paid periods turn on the day on which the first one begins.
  const anchorDay = calendar.dayOf(endsAt).day
  await stores.subscriptions.setAnchorDay(serviceId, anchorDay)
  await stores.lives.setTrialEnd(serviceId, endsAt)
  await fixTerm(deps, stores, service, { from: endsAt, anchorDay })
  await stores.outbox.emit('billing.service-paid', { serviceId, invoiceId: serviceId })
  await advanceOrder(deps, stores, { orderId: service.orderId, cause: 'trial_began', actor, now })
  const facts = await stores.subscriptions.factsOf(serviceId)
  const price = facts ? renewalPrice(facts, endsAt).net : service.price
  await queueMail(deps, stores, { template: 'trial_began', key: `trial:${serviceId}`, clientId: service.clientId, path: `/portal/services/${serviceId}`, values: { hostname: service.hostname, product: service.productName, endsOn: endsAt, price } })
  hint(stores, 'service', serviceId, service.clientId)
}
