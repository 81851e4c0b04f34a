import { syncConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(syncConnection, ({ app, actor, params, body }) => app.infrastructure.syncConnection({ actor, id: params.id, ...body }))
