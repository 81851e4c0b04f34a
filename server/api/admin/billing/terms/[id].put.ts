import { updateTerms } from '#shared/contracts/terms.ts'
import { termsOfInput } from '#server/billing/change-terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateTerms, async ({ app, actor, params, body: { name, productIds, webhookIds, ...terms } }) => {
  await app.billing.saveTerms({ id: params.id, name, productIds, webhookIds, terms: termsOfInput(terms), actor })
  return app.billing.showTerms()
})
