import { setSellerTaxStatus } from '#shared/contracts/tax.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setSellerTaxStatus, async ({ app, actor, body }) => {
  await app.billing.setSellerTaxStatus({ ...body, actor })
  return app.billing.showTax()
})
