import { createTerms } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createTerms, async ({ app, actor, body: { name, productIds, ...terms } }) => {
  await app.billing.saveTerms({ id: null, name, productIds, terms, actor })
  return app.billing.showTerms()
})
