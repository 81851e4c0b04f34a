import { testWebhookEndpoint } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(testWebhookEndpoint, ({ app, actor, params }) => app.notifications.testWebhookEndpoint({ actor, id: params.id }))
