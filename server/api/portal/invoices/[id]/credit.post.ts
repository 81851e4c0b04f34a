import { payWithCredit } from '#shared/contracts/transfers.ts'
import { fromMoneyJson, toMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(payWithCredit, async ({ app, actor, params, body }) => {
  const { applied, left } = await app.payments.payWithCredit({ invoiceId: params.id, clientId: actor.id, amount: body.amount ? fromMoneyJson(body.amount) : null, actor })
  return { applied: toMoneyJson(applied), left: toMoneyJson(left) }
})
