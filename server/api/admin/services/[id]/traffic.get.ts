import { showAdminTraffic } from '#shared/contracts/traffic.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminTraffic, ({ app, params }) => app.provisioning.showTraffic({ id: params.id, clientId: null }))
