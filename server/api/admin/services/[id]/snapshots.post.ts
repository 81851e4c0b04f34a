import { actOnAdminSnapshot } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAdminSnapshot, async ({ app, actor, params, body }) => {
  await app.provisioning.actOnSnapshot({ id: params.id, clientId: null, act: body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
