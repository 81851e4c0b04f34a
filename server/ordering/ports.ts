import type { Money } from '#shared/money/money.ts'
import type { BillingCycle, OrderStatus, RecurringCycle } from '#shared/vocabulary/billing.ts'
import type { RenewalDiscount, SoldOption } from '../billing/ports.ts'
import type { MachineSize, OfferStore, PromoStore } from '../catalog/ports.ts'
import type { OptionWish } from './choose-options.ts'
import type { AccountBook, AddressBook, CapacityStore, StockStore } from '../infrastructure/ports.ts'
import type { KernelStores, Page, PageRequest } from '../kernel/ports.ts'

/** What somebody wishes to buy. Only wishes: prices are the server's, at the moment they are asked for. */
export interface CartItem { readonly productId: string, readonly cycle: BillingCycle, readonly hostname: string | null, readonly templateId: string | null, readonly sshKey: string | null, /** As a free trial. */ readonly trial?: boolean | undefined, readonly options?: readonly OptionWish[] | undefined }
export interface Cart { readonly items: readonly CartItem[], readonly promoCodes: readonly string[] }
export interface OrderItem { readonly productId: string, readonly cycle: BillingCycle, readonly hostname: string, /** Null: no machine is built. */ readonly templateId: string | null, readonly sshKey: string | null, readonly trial?: boolean | undefined, readonly options?: readonly OptionWish[] | undefined }

export interface CartStore {
  /** A cart that was touched within thirty days. */
  find(idHash: string, at: Date): Promise<Cart | null>
  save(idHash: string, cart: Cart, at: Date): Promise<void>
  remove(idHash: string): Promise<void>
}

export interface Order { readonly id: string, readonly number: string, readonly clientId: string, readonly status: OrderStatus, readonly placedAt: Date, readonly total: Money, readonly invoiceId: string | null, readonly items: readonly { readonly serviceId: string, readonly productName: string, readonly cycle: BillingCycle, readonly hostname: string }[] }
export interface NewOrder {
  readonly id: string, readonly number: string, readonly clientId: string, readonly placedAt: Date, readonly total: Money, readonly promoCodes: readonly string[]
  readonly services: readonly { readonly id: string, readonly productId: string, readonly productName: string, readonly spec: MachineSize, readonly hostname: string, readonly templateId: string | null, readonly sshKey: string | null, readonly cycle: BillingCycle, readonly price: Money, readonly options: readonly SoldOption[], /** A fixed term in paid periods. */ readonly termPeriods: number | null, /** What codes go on to take off its renewals. */ readonly renewals: readonly RenewalDiscount[] }[]
}
export interface OrderStore {
  insert(order: NewOrder): Promise<void>
  find(id: string, clientId: string): Promise<Order | null>
  listOf(clientId: string, page: PageRequest): Promise<Page<Order>>
  /** Whether the client has ever paid for an order. */
  hasPaid(clientId: string): Promise<boolean>
  /** Those of these host names that a machine of the client bears whose service has not ended. */
  hostnamesInUse(clientId: string, hostnames: readonly string[]): Promise<string[]>
}

export interface BuyerStore {
  /** What must be known of a buyer, its profile locked: orders of one client follow one another. Null: no such client. */
  lock(clientId: string): Promise<{ readonly emailVerified: boolean, readonly profileComplete: boolean } | null>
}

export interface RedemptionStore {
  /** The numbers of a client's uses of these codes that were not released, in any order. */
  usesOf(promoIds: readonly string[], clientId: string): Promise<{ readonly promoId: string, readonly use: number }[]>
  /** False when a unique key says that this use of the client (or this order) is taken. */
  reserve(redemption: { readonly promoId: string, readonly clientId: string, readonly orderId: string, /** From 1. */ readonly use: number, readonly at: Date }): Promise<boolean>
  commitFor(orderId: string): Promise<void>
  releaseFor(orderId: string): Promise<void>
}

export interface OrderingStores extends KernelStores {
  readonly carts: CartStore, readonly orders: OrderStore, readonly buyers: BuyerStore, readonly redemptions: RedemptionStore, readonly offers: OfferStore, readonly promos: PromoStore
  readonly addresses: Pick<AddressBook, 'reserve' | 'hasRoomFor'>, readonly capacity: CapacityStore, readonly stock: Pick<StockStore, 'panels'>, readonly hostingAccounts: Pick<AccountBook, 'hold'>
}

/** The day (business zone) that so many days after a moment lies on. */
export type DayAfter = (at: Date, days: number) => string
/** The day (business zone) on which the invoice after the first is written, were the first paid at `at`. */
export type ForecastRenewal = (cycle: RecurringCycle, at: Date) => string
