import { showPlan } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showPlan, ({ app, query, locale }) => app.billing.showPlan({ ...query, at: query.at ? new Date(query.at) : undefined, locale }))
