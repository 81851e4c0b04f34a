import { showPromoOffer } from '#shared/contracts/storefront.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showPromoOffer, ({ app, params }) => app.ordering.findPromo(params.code))
