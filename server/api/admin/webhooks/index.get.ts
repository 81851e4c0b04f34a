import { listWebhooks } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listWebhooks, ({ app, query }) => app.payments.listWebhooks(query))
