import { requestCreditPayout } from '#shared/contracts/refunds.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestCreditPayout, async ({ app, actor, params, body }) => {
  const refundId = await app.payments.requestCreditPayout({ ...body, clientId: params.id, amount: fromMoneyJson(body.amount), actor })
  return app.payments.showRefund({ refundId, actor })
})
