import { createConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createConnection, ({ app, actor, body }) => app.infrastructure.createConnection({ actor, input: body }))
