import { setTaxNumber } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setTaxNumber, async ({ app, actor, params, body, locale }) => {
  await app.billing.setTaxNumber({ invoiceId: params.id, number: body.number, actor })
  return app.billing.showAdminInvoice({ invoiceId: params.id, locale })
})
