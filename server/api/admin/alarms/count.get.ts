import { countAlarms } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(countAlarms, ({ app }) => app.monitoring.countAlarms())
