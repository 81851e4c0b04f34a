import { showPromo } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showPromo, ({ app, params }) => app.catalog.showPromo(params.id))
