import { showReport } from '#shared/contracts/reports.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showReport, ({ app, actor, params, query }) => app.reports.showReport({ ...params, ...query, role: actor.role }))
