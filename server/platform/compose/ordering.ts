import { createHash, randomBytes } from 'node:crypto'
import { AppError } from '#shared/errors/codes.ts'
import { monthsOfCycle } from '#shared/vocabulary/billing.ts'
import type { FindChangeSubject, OpenChange, QuoteChange } from '#server/billing/change-ports.ts'
import type { ComputeTax, IssueOrderInvoice, PriceRenewal, StartTrial } from '#server/billing/ports.ts'
import type { CapacityCheck, FindServers, HoldGrowth, HoldAccounts, HoldCapacity, RoomCheck } from '#server/infrastructure/ports.ts'
import type { KernelStores, Transact } from '#server/kernel/ports.ts'
import { quoteServiceOptions, requestOptions, showServiceOptions } from '#server/ordering/change-service-options.ts'
import { findPromo } from '#server/ordering/find-promo.ts'
import { listOrders } from '#server/ordering/list-orders.ts'
import { placeOrder } from '#server/ordering/place-order.ts'
import type { DayAfter, ForecastRenewal, OrderingStores } from '#server/ordering/ports.ts'
import { putCart } from '#server/ordering/put-cart.ts'
import { quoteCart } from '#server/ordering/quote-cart.ts'
import { showRefusedGrowth, watchGrowth } from '#server/ordering/refused-growth.ts'
import { requestChange } from '#server/ordering/request-change.ts'
import type { ChangeViews } from '#server/ordering/request-change.ts'
import { showCart } from '#server/ordering/show-cart.ts'
import { showChangeOptions } from '#server/ordering/show-change-options.ts'
import { showOrder } from '#server/ordering/show-order.ts'
import type { Core } from '../core.ts'
import { invalidatePages } from '../page-cache.ts'

/** What ordering asks of billing: the invoice, PPN, and the calendar that says when the next invoice comes. */
export interface BillingForOrdering extends ChangeViews {
  readonly findChangeSubject: FindChangeSubject, readonly quoteChange: QuoteChange, readonly openChange: OpenChange
  readonly computeTax: ComputeTax, readonly priceRenewal: PriceRenewal, readonly issueOrderInvoice: IssueOrderInvoice, readonly startTrial: StartTrial, readonly policy: { readonly renewalLeadDays: number }
  readonly calendar: { periodEnd(start: Date, months: number, anchorDay: number): Date, shiftDays(at: Date, days: number): Date, isoDay(at: Date): string, dayOf(at: Date): { readonly year: number, readonly day: number } }
}

export function composeOrdering(core: Core, billing: BillingForOrdering, hypervisors: { readonly checkCapacity?: CapacityCheck, readonly holdCapacity?: HoldCapacity, readonly stockDue?: () => Promise<void>, readonly checkRoom?: RoomCheck, readonly holdGrowth?: HoldGrowth, readonly findServers?: FindServers, readonly holdAccounts?: HoldAccounts }) {
  const { clock, newId, read, log } = core
  const { calendar, policy, computeTax, priceRenewal, issueOrderInvoice, startTrial } = billing
  // The composition root knows that the stores of a transaction are one object, whatever part of it a port names.
  const transact = core.transact as unknown as Transact<OrderingStores>
  const forecastRenewal: ForecastRenewal = (cycle, at) => calendar.isoDay(calendar.shiftDays(calendar.periodEnd(at, monthsOfCycle[cycle], calendar.dayOf(at).day), -policy.renewalLeadDays))
  const dayAfter: DayAfter = (at, days) => calendar.isoDay(calendar.shiftDays(at, days))
  const digest = (text: string) => createHash('sha256').update(text).digest('hex')
  const { offers, promos, redemptions, carts, orders } = read
  const quoting = { offers, promos, redemptions, orders, clock, computeTax, priceRenewal, forecastRenewal, dayAfter, carts, digest, newToken: () => randomBytes(32).toString('base64url') }
  const catalogueChanged = () => invalidatePages().catch((error: unknown) => log.error({ err: error }, 'cached pages could not be thrown away'))
  // Nobody to ask is no answer: nothing is sold on a guess.
  const checkCapacity: CapacityCheck = hypervisors.checkCapacity ?? (() => Promise.reject(new AppError('capacity_unknown')))
  const holdCapacity: HoldCapacity = hypervisors.holdCapacity ?? (() => Promise.reject(new AppError('capacity_unknown')))
  const stockDue = hypervisors.stockDue ?? (() => Promise.resolve())
  const checkRoom: RoomCheck = hypervisors.checkRoom ?? (() => Promise.reject(new AppError('capacity_unknown')))
  const holdGrowth: HoldGrowth = hypervisors.holdGrowth ?? (() => Promise.reject(new AppError('capacity_unknown')))
  const findServers: FindServers = hypervisors.findServers ?? (() => Promise.reject(new AppError('capacity_unknown')))
  const holdAccounts: HoldAccounts = hypervisors.holdAccounts ?? (async (_, { claims }) => claims.length === 0 ? [] : Promise.reject(new AppError('capacity_unknown')))
  const { findChangeSubject, quoteChange, openChange, toChangeView, toTermsView } = billing
  const refused = { refusedGrowths: read.refusedGrowths, clock, log }
  const changing = { transact, watchGrowth: watchGrowth(refused), offers, clock, computeTax, checkRoom, holdGrowth, catalogueChanged, stockDue, findChangeSubject, quoteChange, openChange, toChangeView, toTermsView }
  return {
    showServiceOptions: showServiceOptions(changing), quoteServiceOptions: quoteServiceOptions(changing), requestOptions: requestOptions(changing),
    showRefusedGrowth: showRefusedGrowth(refused), showChangeOptions: showChangeOptions(changing), requestChange: requestChange(changing),
    quoteCart: quoteCart(quoting), showCart: showCart(quoting), putCart: putCart(quoting), findPromo: findPromo(quoting),
    placeOrder: placeOrder({ transact, offers, clock, newId, computeTax, issueOrderInvoice, startTrial, checkCapacity, holdCapacity, stockDue, findServers, holdAccounts, catalogueChanged, digest, yearOf: at => calendar.dayOf(at).year }),
    listOrders: listOrders({ orders }), showOrder: showOrder({ orders }),
    /** For billing, inside its transaction: the reserved promo code counts as used. */
    onOrderPaid: (stores: KernelStores, orderId: string) => (stores as OrderingStores).redemptions.commitFor(orderId),
    /** For billing, inside its transaction: the reserved promo code may be used again. Stock follows the service's end by itself. */
    onOrderExpired: (stores: KernelStores, orderId: string) => (stores as OrderingStores).redemptions.releaseFor(orderId),
  }
}
