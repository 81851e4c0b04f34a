import { listProductCosts } from '#shared/contracts/prices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listProductCosts, ({ app, params }) => app.catalog.listProductCosts(params.id))
