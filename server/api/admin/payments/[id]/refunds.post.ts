import { requestRefund } from '#shared/contracts/refunds.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestRefund, async ({ app, actor, params, body }) => {
  const { kind, consequence, reason } = body
  const transfer = kind === 'manual' ? { reference: body.reference, paidOn: body.paidOn } : null
  const refundId = await app.payments.requestRefund({ paymentId: params.id, kind, consequence, reason, transfer, amount: fromMoneyJson(body.amount), actor })
  return app.payments.showRefund({ refundId, actor })
})
