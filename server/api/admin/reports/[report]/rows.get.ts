import { listReportRows } from '#shared/contracts/reports.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listReportRows, ({ app, actor, params, query }) => app.reports.listReportRows({ ...params, ...query, role: actor.role }))
