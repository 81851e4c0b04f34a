import { createTerms } from '#shared/contracts/terms.ts'
import { termsOfInput } from '#server/billing/change-terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createTerms, async ({ app, actor, body: { name, productIds, webhookIds, ...terms } }) => {
  await app.billing.saveTerms({ id: null, name, productIds, webhookIds, terms: termsOfInput(terms), actor })
  return app.billing.showTerms()
})
