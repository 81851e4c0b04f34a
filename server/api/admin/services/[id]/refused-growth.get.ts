import { showRefusedGrowth } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showRefusedGrowth, ({ app, params }) => app.ordering.showRefusedGrowth({ serviceId: params.id }))
