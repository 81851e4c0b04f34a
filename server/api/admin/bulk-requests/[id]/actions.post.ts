import { decideBulk } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(decideBulk, async ({ app, actor, params, body }) => {
  await app.provisioning.decideBulk({ id: params.id, decision: body, actor })
  return app.provisioning.showBulkRequest({ id: params.id, personId: actor.id })
})
