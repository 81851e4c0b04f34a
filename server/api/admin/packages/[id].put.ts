import { changePackage } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(changePackage, ({ app, actor, params, body }) => app.infrastructure.changePackage({ actor, id: params.id, limits: body }))
