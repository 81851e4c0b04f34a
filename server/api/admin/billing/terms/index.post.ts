import { createTerms } from '#shared/contracts/terms.ts'
import { termsOfInput } from '#server/billing/change-terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createTerms, async ({ app, actor, body: { name, productIds, ...terms } }) => {
  await app.billing.saveTerms({ id: null, name, productIds, terms: termsOfInput(terms), actor })
  return app.billing.showTerms()
})
