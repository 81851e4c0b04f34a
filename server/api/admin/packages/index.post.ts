import { createPackage } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createPackage, ({ app, actor, body: { connectionId, name, ...limits } }) => app.infrastructure.createPackage({ actor, connectionId, name, limits }))
