import { declineRefund } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(declineRefund, async ({ app, actor, params, body }) => {
  await app.payments.declineRefund({ refundId: params.id, actor, reason: body.reason })
  return app.payments.showRefund({ refundId: params.id, actor })
})
