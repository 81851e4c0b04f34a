import { updateAlarmRule } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateAlarmRule, ({ app, actor, params, body }) => app.monitoring.updateAlarmRule({ actor, id: params.id, fields: body }))
