import { actOnSnapshot } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(actOnSnapshot, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.actOnSnapshot({ id: params.id, clientId: actor.id, act: body, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
