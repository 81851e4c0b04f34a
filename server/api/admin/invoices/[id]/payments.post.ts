import { recordManualPayment } from '#shared/contracts/admin.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(recordManualPayment, async ({ app, actor, params, body, locale }) => {
  await app.billing.recordManualPayment({ ...body, invoiceId: params.id, amount: fromMoneyJson(body.amount), actor })
  return app.billing.showAdminInvoice({ invoiceId: params.id, locale })
})
