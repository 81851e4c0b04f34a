import { deleteAlarmRule } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteAlarmRule, ({ app, actor, params }) => app.monitoring.deleteAlarmRule({ actor, id: params.id }))
