import { actOnAdminService } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAdminService, async ({ app, actor, params, body }) => {
  await app.provisioning.actOnAdminService({ id: params.id, act: body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
