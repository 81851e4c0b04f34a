import { issueDraft } from '#shared/contracts/invoicing.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(issueDraft, async ({ app, actor, params, body, locale }) => {
  await app.billing.issueDraft({ invoiceId: params.id, expectedTotal: fromMoneyJson(body.expectedTotal), actor })
  return app.billing.showAdminInvoice({ invoiceId: params.id, locale })
})
