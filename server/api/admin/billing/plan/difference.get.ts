import { showPlanDifference } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showPlanDifference, ({ app, query, locale }) => app.billing.showPlanDifference({ ...query, at: query.at ? new Date(query.at) : undefined, locale }))
