import { showRetirement } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showRetirement, ({ app, params }) => app.catalog.showRetirement(params.id))
