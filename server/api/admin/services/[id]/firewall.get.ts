import { showAdminFirewall } from '#shared/contracts/firewall.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminFirewall, ({ app, params }) => app.provisioning.showFirewall({ id: params.id, clientId: null }))
