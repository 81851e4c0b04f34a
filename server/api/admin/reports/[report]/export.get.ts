import { exportReport } from '#shared/contracts/reports.ts'
import { sendStream } from '#server/platform/send-download.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(exportReport, ({ app, actor, params, query, event }) => sendStream(event, app.reports.exportReport({ ...params, ...query, role: actor.role })))
