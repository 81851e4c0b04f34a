import { showServiceAddresses } from '#shared/contracts/service-addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showServiceAddresses, ({ app, actor, params }) => app.provisioning.showServiceAddresses({ id: params.id, clientId: actor.id }))
