import { chooseLeavingAddress } from '#shared/contracts/service-addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(chooseLeavingAddress, async ({ app, actor, params, body }) => {
  await app.provisioning.chooseLeavingAddress({ id: params.id, clientId: actor.id, ...body, actor })
  return app.provisioning.showServiceAddresses({ id: params.id, clientId: actor.id })
})
