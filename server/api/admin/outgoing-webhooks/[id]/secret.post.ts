import { rotateWebhookSecret } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(rotateWebhookSecret, ({ app, actor, params }) => app.notifications.rotateWebhookSecret({ actor, id: params.id }))
