import { exportReport } from '#shared/contracts/reports.ts'
import { sendDownload } from '#server/platform/download.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(exportReport, ({ app, actor, params, query, event }) => sendDownload(event, app.reports.exportReport({ ...params, ...query, role: actor.role })))
