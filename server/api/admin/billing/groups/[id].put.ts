import { updateClientGroup } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateClientGroup, async ({ app, actor, params, body }) => {
  await app.billing.saveClientGroup({ id: params.id, ...body, actor })
  return app.billing.showTerms()
})
