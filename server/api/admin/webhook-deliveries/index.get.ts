import { listWebhookDeliveries } from '#shared/contracts/outgoing-webhooks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listWebhookDeliveries, ({ app, query }) => app.notifications.listWebhookDeliveries(query))
