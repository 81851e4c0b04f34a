import { showPlacementLimits } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showPlacementLimits, ({ app, params }) => app.infrastructure.showPlacementLimits(params.id))
