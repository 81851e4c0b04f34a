import { approveRefund } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(approveRefund, async ({ app, actor, params }) => {
  await app.payments.approveRefund({ refundId: params.id, actor })
  return app.payments.showRefund({ refundId: params.id, actor })
})
