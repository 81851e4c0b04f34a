import { createProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createProduct, ({ app, actor, body }) => app.catalog.createProduct({ actor, fields: body }))
