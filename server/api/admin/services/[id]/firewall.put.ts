import { saveAdminFirewall } from '#shared/contracts/firewall.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(saveAdminFirewall, async ({ app, actor, params, body }) => {
  await app.provisioning.saveFirewall({ id: params.id, clientId: null, body, actor })
  return app.provisioning.showFirewall({ id: params.id, clientId: null })
})
