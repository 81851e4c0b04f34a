import { listAlarmRules } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAlarmRules, ({ app }) => app.monitoring.listAlarmRules())
