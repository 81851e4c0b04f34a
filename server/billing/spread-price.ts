import type { Transact } from '../kernel/ports.ts'
import { noticeEnds } from './announce-price.ts'
import { hint } from './deps.ts'
import type { BillingDeps } from './deps.ts'
import { queueMails } from './mails.ts'
import type { BillingStores } from './ports.ts'
import type { AffectedService, PriceAnnouncement } from './price-ports.ts'

type Deps = BillingDeps & { readonly transact: Transact<BillingStores> }
const batch = 200

/**
 * Brings an announced price to its services, or takes a withdrawn one back: a batch in a transaction of its own, with the mails of its
 * clients, until none is left. The announcement's row is locked and remembers how far it came: whoever runs again goes on there, and a
 * service gets the price, and its client the mail, once.
 */
export const spreadPrice = (deps: Deps) => async ({ announcementId }: { readonly announcementId: string }): Promise<void> => {
  while (await deps.transact(stores => oneBatch(deps, stores, announcementId)));
}

/** Whether there may be more to do. */
async function oneBatch(deps: Deps, stores: BillingStores, announcementId: string): Promise<boolean> {
  const announcement = await stores.priceChanges.lockAnnouncement(announcementId)
  if (!announcement || announcement.finishedAt) return false
  const touched = announcement.withdrawnAt ? await takeBack(deps, stores, announcement) : await bring(deps, stores, announcement)
  const more = touched.seen.length === batch
  await stores.priceChanges.progress(announcementId, { cursor: touched.seen.at(-1)?.serviceId ?? announcement.cursor, touched: announcement.touched + touched.added, finishedAt: more ? null : deps.clock.now() })
  return more
}

async function bring(deps: Deps, stores: BillingStores, announcement: PriceAnnouncement): Promise<{ seen: AffectedService[], added: number }> {
  const now = deps.clock.now()
  const seen = await stores.priceChanges.affected(announcement, batch)
  // However late this runs, whatever lock there is: nobody gets less notice than the house's, nobody pays more before his lock ends.
  const dayOf = (service: AffectedService) => new Date(Math.max(announcement.effectiveFrom.getTime(), noticeEnds(deps, now).getTime(), service.priceLockedUntil?.getTime() ?? 0))
  const changes = seen.map(service => ({ id: deps.newId(), serviceId: service.serviceId, announcementId: announcement.id, oldPrice: service.price, price: announcement.price, effectiveFrom: dayOf(service), at: now, appliedAt: null }))
  const added = new Set(await stores.priceChanges.add(changes))
  await tellChanges(deps, stores, seen.filter(service => added.has(service.serviceId)).map(service => ({ ...service, product: announcement.productName, oldPrice: service.price, newPrice: announcement.price, from: dayOf(service), key: `price:${announcement.id}:${service.serviceId}` })))
  return { seen, added: added.size }
}

async function takeBack(deps: Deps, stores: BillingStores, announcement: PriceAnnouncement): Promise<{ seen: AffectedService[], added: number }> {
  const seen = await stores.priceChanges.takeBack(announcement, batch, deps.clock.now())
  await queueMails(deps, stores, seen.map(({ serviceId, clientId, hostname, price }) => ({ template: 'price_change_withdrawn' as const, key: `price-withdrawn:${announcement.id}:${serviceId}`, clientId, path: `/portal/services/${serviceId}`, values: { hostname, product: announcement.productName, price } })))
  for (const { serviceId, clientId } of seen) hint(stores, 'service', serviceId, clientId)
  return { seen, added: 0 }
}

interface Told extends Pick<AffectedService, 'serviceId' | 'clientId' | 'hostname'> { readonly product: string, readonly oldPrice: AffectedService['price'], readonly newPrice: AffectedService['price'], readonly from: Date, readonly key: string }
/** Tells clients the old price, the new one and the day. */
export async function tellChanges(deps: BillingDeps, stores: BillingStores, changes: readonly Told[]): Promise<void> {
  await queueMails(deps, stores, changes.map(({ serviceId, clientId, hostname, product, oldPrice, newPrice, from, key }) => ({ template: 'price_change' as const, key, clientId, path: `/portal/services/${serviceId}`, values: { hostname, product, oldPrice, newPrice, effectiveOn: from } })))
  for (const { serviceId, clientId } of changes) hint(stores, 'service', serviceId, clientId)
}
