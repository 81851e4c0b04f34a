import { updateProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateProduct, ({ app, actor, params, body }) => app.catalog.updateProduct({ actor, id: params.id, fields: body }))
