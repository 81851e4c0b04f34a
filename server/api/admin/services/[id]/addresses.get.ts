import { showAdminServiceAddresses } from '#shared/contracts/service-addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminServiceAddresses, ({ app, params }) => app.provisioning.showServiceAddresses({ id: params.id, clientId: null }))
