import { actOnAccountBackup } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAccountBackup, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.actOnAccountBackup({ id: params.id, clientId: actor.id, act: body, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
