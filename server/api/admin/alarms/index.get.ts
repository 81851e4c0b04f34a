import { listAlarms } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAlarms, ({ app, query }) => app.monitoring.listAlarms(query))
