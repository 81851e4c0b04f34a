import { previewInvoice } from '#shared/contracts/invoicing.ts'
import { fromMoneyJson, toMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewInvoice, ({ app, body }) => {
  const { subtotal, taxable, dpp, tax, total, rule } = app.billing.previewDraft(body.lines.map(line => ({ ...line, unitPrice: fromMoneyJson(line.unitPrice) })))
  return { subtotal: toMoneyJson(subtotal), taxable: toMoneyJson(taxable), dpp: toMoneyJson(dpp), tax: toMoneyJson(tax), total: toMoneyJson(total), taxRule: rule }
})
