import { putCart } from '#shared/contracts/storefront.ts'
import { readCartToken, writeCartToken } from '#server/platform/cart-cookie.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(putCart, async ({ app, actor, body, event }) => {
  const { quote, token } = await app.ordering.putCart({ token: readCartToken(event), cart: body, clientId: actor?.role === 'client' ? actor.id : null })
  if (token !== null) writeCartToken(event, token, app.core.config.GARDU_BASE_URL.startsWith('https:'))
  return quote
})
