import { actOnAdminAccess } from '#shared/contracts/access.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAdminAccess, async ({ app, actor, params, body }) => {
  await app.provisioning.actOnAccess({ id: params.id, clientId: null, act: body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
