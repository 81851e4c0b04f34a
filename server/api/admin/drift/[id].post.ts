import { settleDrift } from '#shared/contracts/drift.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(settleDrift, ({ app, actor, params, body }) => app.provisioning.settleDrift({ id: params.id, act: body, actor }))
