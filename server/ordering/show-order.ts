import { AppError } from '#shared/errors/codes.ts'
import { toOrderView } from './order.ts'
import type { OrderView } from './order.ts'
import type { OrderStore } from './ports.ts'

/** @throws AppError not_found, also for a stranger's order */
export const showOrder = ({ orders }: { readonly orders: OrderStore }) => async (input: { readonly id: string, readonly clientId: string }): Promise<OrderView> => {
  const order = await orders.find(input.id, input.clientId)
  if (!order) throw new AppError('not_found')
  return toOrderView(order)
}
