import { buildAnew } from '#shared/contracts/adoption.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(buildAnew, async ({ app, actor, params, body }) => {
  await app.provisioning.buildAnew({ id: params.id, ...body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
