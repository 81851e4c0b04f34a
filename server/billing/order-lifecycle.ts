import type { OrderStatus } from '#shared/vocabulary/billing.ts'

/** A record of intent: it says how far the wish of a buyer has come and decides about nothing. */
export const orderTransitions: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  placed: ['paid', 'cancelled'],
  paid: ['fulfilling', 'cancelled'],
  fulfilling: ['fulfilled', 'cancelled'],
  fulfilled: [],
  cancelled: [],
}
export const initialOrderStatus: OrderStatus = 'placed'
