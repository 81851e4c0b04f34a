import { askBulk } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(askBulk, async ({ app, actor, body }) => {
  const id = await app.provisioning.askBulk({ ...body, actor })
  return app.provisioning.showBulkRequest({ id, personId: actor.id })
})
