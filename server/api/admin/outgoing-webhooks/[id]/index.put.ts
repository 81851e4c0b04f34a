import { updateWebhookEndpoint } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateWebhookEndpoint, ({ app, actor, params, body }) => app.notifications.updateWebhookEndpoint({ actor, id: params.id, fields: body }))
