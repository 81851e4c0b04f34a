import { deletePromo } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deletePromo, ({ app, actor, params }) => app.catalog.deletePromo({ actor, id: params.id }))
