import { listProducts } from '#shared/contracts/storefront.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listProducts, ({ app, query }) => app.catalog.listStorefrontProducts(query))
