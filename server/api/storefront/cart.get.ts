import { showCart } from '#shared/contracts/storefront.ts'
import { readCartToken } from '#server/platform/cart-cookie.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showCart, ({ app, actor, event }) => app.ordering.showCart({ token: readCartToken(event), clientId: actor?.role === 'client' ? actor.id : null }))
