import { giveAdminIpv6 } from '#shared/contracts/service-addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(giveAdminIpv6, async ({ app, actor, params }) => {
  await app.provisioning.giveIpv6({ id: params.id, clientId: null, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
