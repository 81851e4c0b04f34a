import { giveIpv6 } from '#shared/contracts/service-addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(giveIpv6, async ({ app, actor, params, locale }) => {
  await app.provisioning.giveIpv6({ id: params.id, clientId: actor.id, actor })
  return app.provisioning.showService({ id: params.id, clientId: actor.id, locale })
})
