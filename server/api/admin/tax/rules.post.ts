import { addTaxRule } from '#shared/contracts/tax.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(addTaxRule, async ({ app, actor, body }) => {
  await app.billing.addTaxRule({ ...body, actor })
  return app.billing.showTax()
})
