import { updateConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateConnection, ({ app, actor, params, body }) => app.infrastructure.updateConnection({ actor, id: params.id, input: body }))
