import { AppError, fieldError } from '#shared/errors/codes.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { Money } from '#shared/money/money.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { noticeEnds } from './announce-price.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores, Subscription } from './ports.ts'
import { tellChanges } from './spread-price.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores> }
interface Input { readonly serviceId: string, readonly price: Money, /** A day of the business zone, whose beginning ends the lock; null: no lock. */ readonly lockedUntil: string | null, readonly reason: string, readonly actor: Actor }

/**
 * Sets the price of one service and until when announced prices leave it alone. A lower price holds from the next renewal invoice on, a
 * higher one only for periods that begin after the house's notice; either takes the place of what waited. Without a new price, announced
 * ones that wait move to the end of the lock. Its client is told each time; invoices that were issued stay. Audited with its reason.
 * @throws AppError not_found, paid_once, service_ended, invalid_input
 */
export const setServicePrice = (deps: Deps) => async ({ serviceId, price, lockedUntil, reason, actor }: Input): Promise<void> => {
  const now = deps.clock.now()
  const until = lockedUntil === null ? null : deps.rules.calendar.startOfDay(lockedUntil)
  if (until && until <= now) throw fieldError('lockedUntil', 'day_not_ahead')
  await deps.transact(async (stores) => {
    const service = await stores.subscriptions.lock(serviceId)
    if (!service) throw new AppError('not_found')
    if (!isRecurring(service.cycle)) throw new AppError('paid_once')
    if (service.status === 'ended') throw new AppError('service_ended')
    await stores.priceChanges.setLock(serviceId, until)
    const from = price.amount === service.price.amount ? null : await changePrice(deps, stores, service, price)
    if (from === null && until) await postpone(deps, stores, service, until)
    await auditStaff(stores, { actor, action: 'service.set-price', entity: 'service', entityId: serviceId, before: { price: service.price.amount.toString() }, after: { price: price.amount.toString(), from: from?.toISOString() ?? null, lockedUntil: until?.toISOString() ?? null, reason } })
    hint(stores, 'service', serviceId, service.clientId)
  })
}

/** Answers from when the new price holds. */
async function changePrice(deps: Deps, stores: BillingStores, service: Subscription, price: Money): Promise<Date> {
  const now = deps.clock.now()
  const lower = price.amount < service.price.amount
  const change = { id: deps.newId(), serviceId: service.id, announcementId: null, oldPrice: service.price, price, effectiveFrom: lower ? now : noticeEnds(deps, now), at: now, appliedAt: null }
  await stores.priceChanges.dropPending(service.id, now)
  await stores.priceChanges.add([change])
  if (lower) await stores.subscriptions.applyPrice(service.id, { id: change.id, price, from: now }, now)
  await tellChanges(deps, stores, [{ serviceId: service.id, clientId: service.clientId, hostname: service.hostname, product: service.productName, oldPrice: service.price, newPrice: price, from: change.effectiveFrom, key: `price:${change.id}` }])
  return change.effectiveFrom
}

async function postpone(deps: Deps, stores: BillingStores, service: Subscription, until: Date): Promise<void> {
  const postponed = await stores.priceChanges.postpone(service.id, until)
  await tellChanges(deps, stores, postponed.map(moved => ({ serviceId: service.id, clientId: service.clientId, hostname: service.hostname, product: service.productName, oldPrice: service.price, newPrice: moved.price, from: until, key: `price:${moved.id}:${until.toISOString()}` })))
}
