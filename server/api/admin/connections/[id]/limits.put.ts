import { setPlacementLimits } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setPlacementLimits, ({ app, actor, params, body }) => app.infrastructure.setPlacementLimits({ actor, id: params.id, limits: body }))
