import { deleteProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteProduct, ({ app, actor, params }) => app.catalog.deleteProduct({ actor, id: params.id }))
