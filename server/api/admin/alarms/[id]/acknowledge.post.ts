import { acknowledgeAlarm } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(acknowledgeAlarm, ({ app, actor, params, body }) => app.monitoring.acknowledgeAlarm({ actor, id: params.id, note: body.note }))
