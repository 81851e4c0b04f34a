import { actOnAdminAccountBackup } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAdminAccountBackup, async ({ app, actor, params, body }) => {
  await app.provisioning.actOnAccountBackup({ id: params.id, clientId: null, act: body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
