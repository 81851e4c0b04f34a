import { pauseWebhookEndpoint } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(pauseWebhookEndpoint, ({ app, actor, params, body }) => app.notifications.pauseWebhookEndpoint({ actor, id: params.id, paused: body.paused }))
