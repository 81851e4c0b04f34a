import { saveFirewall } from '#shared/contracts/firewall.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(saveFirewall, async ({ app, actor, params, body }) => {
  await app.provisioning.saveFirewall({ id: params.id, clientId: actor.id, body, actor })
  return app.provisioning.showFirewall({ id: params.id, clientId: actor.id })
})
