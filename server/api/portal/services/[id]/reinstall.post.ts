import { reinstall } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(reinstall, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.reinstall({ id: params.id, clientId: actor.id, ...body, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
