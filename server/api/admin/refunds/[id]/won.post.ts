import { winChargeback } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(winChargeback, async ({ app, actor, params, body }) => {
  await app.payments.winChargeback({ refundId: params.id, actor, reason: body.reason })
  return app.payments.showRefund({ refundId: params.id, actor })
})
