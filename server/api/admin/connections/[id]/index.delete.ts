import { deleteConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteConnection, ({ app, actor, params }) => app.infrastructure.deleteConnection({ actor, id: params.id }))
