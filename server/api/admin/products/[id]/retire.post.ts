import { retireProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(retireProduct, ({ app, actor, params, body }) => app.catalog.retireProduct({ actor, id: params.id, ...body }))
