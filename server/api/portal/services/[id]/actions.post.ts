import { actOnService } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnService, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.actOnService({ id: params.id, ...body, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
