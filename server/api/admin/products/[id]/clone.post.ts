import { cloneProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cloneProduct, ({ app, actor, params, body }) => app.catalog.cloneProduct({ actor, productId: params.id, ...body }))
