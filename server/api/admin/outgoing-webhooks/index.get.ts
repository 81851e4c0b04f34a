import { listWebhookEndpoints } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listWebhookEndpoints, ({ app }) => app.notifications.listWebhookEndpoints())
