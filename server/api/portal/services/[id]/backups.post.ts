import { actOnBackup } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnBackup, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.actOnBackup({ id: params.id, clientId: actor.id, act: body, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
