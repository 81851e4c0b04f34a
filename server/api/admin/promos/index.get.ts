import { listPromos } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPromos, ({ app, query }) => app.catalog.listPromos(query))
