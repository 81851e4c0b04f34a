import { replayDeadDeliveries } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(replayDeadDeliveries, ({ app, actor, params }) => app.notifications.replayDeadDeliveries({ actor, id: params.id }))
