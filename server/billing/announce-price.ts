import { AppError, fieldError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import type { RecurringCycle } from '#shared/vocabulary/billing.ts'
import type { Actor, PageRequest, Transact } from '../kernel/ports.ts'
import { auditStaff } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import type { BillingStores } from './ports.ts'
import type { AnnouncementReach, PriceAnnouncement } from './price-ports.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores>, readonly read: BillingStores }
interface Wish { readonly productId: string, readonly cycle: RecurringCycle, readonly price: Money, /** A day of the business zone. */ readonly effectiveOn: string }
/** In days: a price further ahead is not announced yet. */
const longestAhead = 400

/** The first day from which a price may hold that is announced now: nobody gets less notice than the house's. */
export const noticeEnds = ({ rules: { policy, calendar } }: Pick<BillingDeps, 'rules'>, now: Date): Date => calendar.startOfDay(calendar.isoDay(calendar.shiftDays(now, policy.priceNoticeDays)))

/** @throws AppError invalid_input when the day leaves too little notice, or is more than 400 days ahead */
function effectiveFrom(deps: Deps, { effectiveOn }: Wish): Date {
  const { policy, calendar } = deps.rules
  const now = deps.clock.now()
  const from = calendar.startOfDay(effectiveOn)
  if (from < noticeEnds(deps, now)) throw new AppError('invalid_input', { fields: [{ path: 'effectiveOn', code: 'price_notice_short', message: 'price_notice_short', params: { days: policy.priceNoticeDays } }] })
  if (from > calendar.shiftDays(now, longestAhead)) throw fieldError('effectiveOn', 'date_too_far')
  return from
}

/** What an announcement would do, before it is made. @throws AppError not_found, invalid_input */
export const previewPrice = (deps: Deps) => async (wish: Wish) => {
  if (await deps.read.priceChanges.productName(wish.productId) === null) throw new AppError('not_found')
  return toReachView(await deps.read.priceChanges.reach({ ...wish, effectiveFrom: effectiveFrom(deps, wish) }))
}

/**
 * Announces a new price for the living services of a product and cycle: for periods that begin on a day that is far enough ahead, or later.
 * Here it is only written down; a job tells every client and writes the price to every service, in batches.
 * @throws AppError not_found, invalid_input, price_reaches_nobody
 */
export const announcePrice = (deps: Deps) => async ({ actor, ...wish }: Wish & { readonly actor: Actor & { readonly kind: 'user' } }): Promise<PriceAnnouncementView> => {
  const from = effectiveFrom(deps, wish)
  const id = deps.newId()
  const announced = await deps.transact(async (stores) => {
    if (await stores.priceChanges.productName(wish.productId) === null) throw new AppError('not_found')
    const reach = await stores.priceChanges.reach({ ...wish, effectiveFrom: from })
    if (reach.services === 0) throw new AppError('price_reaches_nobody')
    const { productId, cycle, price } = wish
    await stores.priceChanges.announce({ id, productId, cycle, price, effectiveFrom: from, at: deps.clock.now(), by: actor.id })
    await auditStaff(stores, { actor, action: 'product.announce-price', entity: 'product', entityId: productId, after: { cycle, price: price.amount.toString(), effectiveFrom: from.toISOString(), services: reach.services } })
    await stores.outbox.emit('billing.price-announced', { announcementId: id })
    return stores.priceChanges.lockAnnouncement(id)
  })
  if (!announced) throw new AppError('internal')
  return toAnnouncementView(announced)
}

/** Takes an announcement back: from this moment no renewal uses it any more, and a job tells the clients who were told of it. @throws AppError not_found, conflict */
export const withdrawPrice = (deps: Deps) => ({ id, actor }: { readonly id: string, readonly actor: Actor }): Promise<PriceAnnouncementView> => deps.transact(async (stores) => {
  const before = await stores.priceChanges.lockAnnouncement(id)
  if (!before) throw new AppError('not_found')
  if (before.withdrawnAt) throw new AppError('conflict')
  await stores.priceChanges.withdraw(id, deps.clock.now())
  await auditStaff(stores, { actor, action: 'product.withdraw-price', entity: 'product', entityId: before.productId, before: { cycle: before.cycle, price: before.price.amount.toString(), effectiveFrom: before.effectiveFrom.toISOString() } })
  await stores.outbox.emit('billing.price-announced', { announcementId: id })
  const after = await stores.priceChanges.lockAnnouncement(id)
  if (!after) throw new AppError('internal')
  return toAnnouncementView(after)
})

/** What was announced for a product, the newest first. */
export const listPriceAnnouncements = ({ read }: Pick<Deps, 'read'>) => async ({ productId, ...page }: PageRequest & { readonly productId: string }) => {
  const found = await read.priceChanges.listAnnouncements(productId, page)
  return { ...found, items: found.items.map(toAnnouncementView) }
}

export type PriceAnnouncementView = ReturnType<typeof toAnnouncementView>
const toAnnouncementView = ({ cursor: _, price, effectiveFrom: from, createdAt, finishedAt, withdrawnAt, ...rest }: PriceAnnouncement) => ({ ...rest, price: toMoneyJson(price), effectiveFrom: from.toISOString(), createdAt: createdAt.toISOString(), finishedAt: finishedAt?.toISOString() ?? null, withdrawnAt: withdrawnAt?.toISOString() ?? null })
const toReachView = ({ before, after, ...counts }: AnnouncementReach) => ({ ...counts, before: toMoneyJson(before), after: toMoneyJson(after) })
