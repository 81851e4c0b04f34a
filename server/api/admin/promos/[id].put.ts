import { updatePromo } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updatePromo, ({ app, actor, params, body }) => app.catalog.updatePromo({ actor, id: params.id, fields: body }))
