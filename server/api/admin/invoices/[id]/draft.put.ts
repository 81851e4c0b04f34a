import { changeDraft } from '#shared/contracts/invoicing.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(changeDraft, async ({ app, actor, params, body, locale }) => {
  await app.billing.changeDraft({ ...body, invoiceId: params.id, lines: body.lines.map(line => ({ ...line, unitPrice: fromMoneyJson(line.unitPrice) })), actor })
  return app.billing.showAdminInvoice({ invoiceId: params.id, locale })
})
