import { previewProduct } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewProduct, ({ app, body: { productId, ...fields } }) => app.catalog.previewProduct({ productId, fields }))
