import type { Page, PageRequest } from '../kernel/ports.ts'
import { toOrderView } from './order.ts'
import type { OrderView } from './order.ts'
import type { OrderStore } from './ports.ts'

/** A client's orders, newest first. */
export const listOrders = ({ orders }: { readonly orders: OrderStore }) => async (input: PageRequest & { readonly clientId: string }): Promise<Page<OrderView>> => {
  const page = await orders.listOf(input.clientId, input)
  return { ...page, items: page.items.map(toOrderView) }
}
