import { replayWebhookDelivery } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(replayWebhookDelivery, ({ app, actor, params }) => app.notifications.replayWebhookDelivery({ actor, id: params.id }))
