import { AppError, fieldError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import { isRecurring } from '#shared/vocabulary/billing.ts'
import type { PromoKind } from '#shared/vocabulary/catalog.ts'
import type { Actor, Transact } from '../kernel/ports.ts'
import { noticeEnds } from './announce-price.ts'
import { auditStaff, hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { ServiceDiscount } from './life-ports.ts'
import { queueMail } from './mails.ts'
import type { BillingStores, Subscription } from './ports.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores }
/** So many discounts of one service run at once. */
const mostDiscounts = 10

const runs = (discount: ServiceDiscount, { paid, now }: { readonly paid: number, readonly now: Date }) => (discount.periods === null || paid < discount.periods) && (discount.endsAt === null || now < discount.endsAt)
const worth = ({ kind, value }: ServiceDiscount) => kind === 'percent' ? `${value}%` : money(value)

/** Discounts that still run: their number of periods that are left (null: for good), and from when on staff took them off. @throws AppError not_found */
export const listDiscounts = (deps: Pick<Deps, 'read' | 'clock'>) => async (serviceId: string) => {
  const paid = await deps.read.lives.periodsPaid(serviceId)
  const found = await deps.read.lives.discountsOf(serviceId)
  return {
    items: found.filter(discount => runs(discount, { paid, now: deps.clock.now() })).map(discount => ({
      id: discount.id, label: discount.label, kind: discount.kind, value: discount.value.toString(), byCode: discount.promoId !== null, periodsLeft: discount.periods === null ? null : discount.periods - paid, endsAt: discount.endsAt?.toISOString() ?? null,
    })),
  }
}

async function lockSold(stores: BillingStores, serviceId: string): Promise<Subscription> {
  const service = await stores.subscriptions.lock(serviceId)
  if (!service) throw new AppError('not_found')
  if (!isRecurring(service.cycle)) throw new AppError('paid_once')
  if (service.status === 'ended') throw new AppError('service_ended')
  if (service.status === 'pending') throw new AppError('service_not_ready')
  return service
}

/**
 * Takes something off the next renewals of one service: percent or Rupiah, for so many of them or for good. A renewal invoice that is written
 * already stays as it is, so it counts from the one after. Its client is told; audited with its reason.
 * @throws AppError not_found, service_ended, service_not_ready, invalid_input (too many run)
 */
export const giveDiscount = (deps: Deps) => ({ serviceId, label, kind, value, periods, reason, actor }: { readonly serviceId: string, readonly label: string, readonly kind: PromoKind, readonly value: bigint, readonly periods: number | null, readonly reason: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const service = await lockSold(stores, serviceId)
  const paid = await stores.lives.periodsPaid(serviceId)
  const now = deps.clock.now()
  if ((await stores.lives.discountsOf(serviceId)).filter(discount => runs(discount, { paid, now })).length >= mostDiscounts) throw fieldError('label', 'discounts_full')
  const facts = await stores.subscriptions.factsOf(serviceId)
  const next = paid + (facts?.renewalIssued ? 1 : 0)
  const discount: ServiceDiscount = { id: deps.newId(), promoId: null, label, kind, value, periods: periods === null ? null : next + periods, endsAt: null }
  await stores.lives.addDiscount({ ...discount, serviceId })
  await auditStaff(stores, { actor, action: 'service.give-discount', entity: 'service', entityId: serviceId, after: { label, kind, value: value.toString(), periods, reason } })
  await queueMail(deps, stores, { template: 'discount_given', key: `discount:${discount.id}`, clientId: service.clientId, path: `/portal/services/${serviceId}`, values: { hostname: service.hostname, product: service.productName, label, discount: worth(discount) } })
  hint(stores, 'service', serviceId, service.clientId)
})

/**
 * Takes a running discount off one service. Its client then pays more, so it goes on for periods that begin before the house's notice of a
 * higher price is over. He is told; invoices that were issued stay. Audited with its reason.
 * @throws AppError not_found (over or taken off already, too), service_ended
 */
export const takeDiscountOff = (deps: Deps) => ({ serviceId, discountId, reason, actor }: { readonly serviceId: string, readonly discountId: string, readonly reason: string, readonly actor: Actor }): Promise<void> => deps.transact(async (stores) => {
  const service = await lockSold(stores, serviceId)
  const now = deps.clock.now()
  const paid = await stores.lives.periodsPaid(serviceId)
  const discount = (await stores.lives.discountsOf(serviceId)).find(candidate => candidate.id === discountId)
  if (!discount || discount.endsAt !== null || !runs(discount, { paid, now })) throw new AppError('not_found')
  const endsAt = noticeEnds(deps, now)
  await stores.lives.endDiscount(discountId, endsAt)
  await auditStaff(stores, { actor, action: 'service.end-discount', entity: 'service', entityId: serviceId, before: { label: discount.label, kind: discount.kind, value: discount.value.toString(), periods: discount.periods }, after: { endsAt: endsAt.toISOString(), reason } })
  await queueMail(deps, stores, { template: 'discount_ends', key: `discount-ends:${discountId}`, clientId: service.clientId, path: `/portal/services/${serviceId}`, values: { hostname: service.hostname, product: service.productName, label: discount.label, discount: worth(discount), endsOn: endsAt } })
  hint(stores, 'service', serviceId, service.clientId)
})
