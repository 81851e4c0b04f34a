import { showProduct } from '#shared/contracts/storefront.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showProduct, ({ app, params }) => app.catalog.showStorefrontProduct(params.slug))
