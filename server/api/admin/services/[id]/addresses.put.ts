import { chooseAdminLeavingAddress } from '#shared/contracts/service-addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(chooseAdminLeavingAddress, async ({ app, actor, params, body }) => {
  await app.provisioning.chooseLeavingAddress({ id: params.id, clientId: null, ...body, actor })
  return app.provisioning.showServiceAddresses({ id: params.id, clientId: null })
})
