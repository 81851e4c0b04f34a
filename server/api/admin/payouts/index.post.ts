import { recordPayout } from '#shared/contracts/reconciliation.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(recordPayout, ({ app, actor, body }) => app.payments.recordPayout({ ...body, amount: fromMoneyJson(body.amount), fee: fromMoneyJson(body.fee), actor }))
