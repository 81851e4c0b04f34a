import { putBackProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(putBackProduct, ({ app, actor, params, body }) => app.catalog.putBackProduct({ actor, id: params.id, ...body }))
