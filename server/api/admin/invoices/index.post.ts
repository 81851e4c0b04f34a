import { draftInvoice } from '#shared/contracts/invoicing.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(draftInvoice, async ({ app, actor, body, locale }) => {
  const { invoiceId } = await app.billing.draftInvoice({ ...body, lines: body.lines.map(line => ({ ...line, unitPrice: fromMoneyJson(line.unitPrice) })), actor })
  return app.billing.showAdminInvoice({ invoiceId, locale })
})
