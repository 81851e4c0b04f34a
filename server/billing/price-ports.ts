import type { Money } from '#shared/money/money.ts'
import type { RecurringCycle } from '#shared/vocabulary/billing.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'

/** A new price for the existing services of a product and cycle. */
export interface PriceAnnouncement {
  readonly id: string, readonly productId: string, readonly productName: string, readonly cycle: RecurringCycle, readonly price: Money, readonly effectiveFrom: Date, readonly createdAt: Date, readonly createdByName: string
  /** The last service that a job has written it to (or, once withdrawn, taken it back from), in the order of their ids. */
  readonly cursor: string | null
  readonly touched: number, readonly finishedAt: Date | null, readonly withdrawnAt: Date | null
}
/** A living service that an announcement is for. */
export interface AffectedService { readonly serviceId: string, readonly clientId: string, readonly hostname: string, readonly price: Money, readonly priceLockedUntil: Date | null }
export interface NewPriceChange { readonly id: string, readonly serviceId: string, readonly announcementId: string | null, readonly oldPrice: Money, readonly price: Money, readonly effectiveFrom: Date, readonly at: Date, readonly appliedAt: Date | null }
/** What an announcement would do: services that get the price, those of them that are locked beyond its day, those that have it already, and what all pay per period before and after. */
export interface AnnouncementReach { readonly services: number, readonly locked: number, readonly unchanged: number, readonly before: Money, readonly after: Money }

export interface PriceChangeStore {
  productName(productId: string): Promise<string | null>
  reach(input: { readonly productId: string, readonly cycle: RecurringCycle, readonly price: Money, readonly effectiveFrom: Date }): Promise<AnnouncementReach>
  announce(announcement: { readonly id: string, readonly productId: string, readonly cycle: RecurringCycle, readonly price: Money, readonly effectiveFrom: Date, readonly at: Date, readonly by: string }): Promise<void>
  /** Locks the row: one job at a time works on an announcement. */
  lockAnnouncement(id: string): Promise<PriceAnnouncement | null>
  listAnnouncements(productId: string, page: PageRequest): Promise<Page<PriceAnnouncement>>
  /** Living services of the announcement that were sold before it and cost something else, in the order of their ids. */
  affected(announcement: PriceAnnouncement, limit: number): Promise<AffectedService[]>
  /** Writes changes; those that an announcement has written to a service already are left out. Answers the services that got one now. */
  add(changes: readonly NewPriceChange[]): Promise<string[]>
  /** Takes back what waits of a withdrawn announcement, in the order of the services' ids; answers whose it was. */
  takeBack(announcement: PriceAnnouncement, limit: number, at: Date): Promise<AffectedService[]>
  progress(id: string, to: { readonly cursor: string | null, readonly touched: number, readonly finishedAt: Date | null }): Promise<void>
  withdraw(id: string, at: Date): Promise<void>
  setLock(serviceId: string, until: Date | null): Promise<void>
  /** Announced prices that wait move to the end of the lock; answers those that moved. */
  postpone(serviceId: string, until: Date): Promise<{ readonly id: string, readonly price: Money }[]>
  /** Whatever waits for a service is given up. */
  dropPending(serviceId: string, at: Date): Promise<void>
}
