import { replayWebhook } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(replayWebhook, ({ app, actor, params }) => app.payments.replayWebhook({ actor, id: params.id }))
