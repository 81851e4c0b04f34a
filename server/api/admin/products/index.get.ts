import { listAdminProducts } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAdminProducts, ({ app, query }) => app.catalog.listProducts(query))
