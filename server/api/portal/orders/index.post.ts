import { placeOrder } from '#shared/contracts/portal.ts'
import { dropCartToken, readCartToken } from '#server/platform/cart-cookie.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(placeOrder, async ({ app, actor, body, event }) => {
  const cartToken = readCartToken(event)
  const order = await app.ordering.placeOrder({ clientId: actor.id, ...body, cartToken })
  if (cartToken !== null) dropCartToken(event)
  return order
})
