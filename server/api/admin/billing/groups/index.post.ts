import { createClientGroup } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createClientGroup, async ({ app, actor, body }) => {
  await app.billing.saveClientGroup({ id: null, ...body, actor })
  return app.billing.showTerms()
})
