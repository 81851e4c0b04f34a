import { noteRefund } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(noteRefund, async ({ app, actor, params }) => {
  await app.payments.noteRefund({ refundId: params.id, actor })
  return app.payments.showRefund({ refundId: params.id, actor })
})
