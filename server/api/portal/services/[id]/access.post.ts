import { actOnAccess } from '#shared/contracts/access.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnAccess, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.actOnAccess({ id: params.id, clientId: actor.id, act: body, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
