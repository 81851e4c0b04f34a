import { actOnAdminBackup } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAdminBackup, async ({ app, actor, params, body }) => {
  await app.provisioning.actOnBackup({ id: params.id, clientId: null, act: body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
