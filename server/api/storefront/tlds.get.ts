import { listTlds } from '#shared/contracts/storefront.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listTlds, ({ app }) => app.catalog.listTlds())
