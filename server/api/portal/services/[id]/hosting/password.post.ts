import { changeHostingPassword } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(changeHostingPassword, async ({ app, actor, params, body, locale }) => {
  await app.provisioning.changeHostingPassword({ id: params.id, password: body.password, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
