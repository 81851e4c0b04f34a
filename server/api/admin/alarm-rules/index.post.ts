import { createAlarmRule } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createAlarmRule, ({ app, actor, body }) => app.monitoring.createAlarmRule({ actor, fields: body }))
