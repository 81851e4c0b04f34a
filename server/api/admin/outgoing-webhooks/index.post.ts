import { createWebhookEndpoint } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createWebhookEndpoint, ({ app, actor, body }) => app.notifications.createWebhookEndpoint({ actor, fields: body }))
