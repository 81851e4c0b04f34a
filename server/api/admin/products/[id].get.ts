import { showAdminProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminProduct, ({ app, params }) => app.catalog.showProduct(params.id))
