import { deleteWebhookEndpoint } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteWebhookEndpoint, ({ app, actor, params }) => app.notifications.deleteWebhookEndpoint({ actor, id: params.id }))
