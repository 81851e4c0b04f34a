import { issueCreditNote } from '#shared/contracts/invoicing.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(issueCreditNote, async ({ app, actor, params, body, locale }) => {
  await app.billing.issueCreditNote({ invoiceId: params.id, reason: body.reason, lines: body.lines?.map(line => ({ lineId: line.lineId, amount: fromMoneyJson(line.amount) })) ?? null, actor })
  return app.billing.showAdminInvoice({ invoiceId: params.id, locale })
})
