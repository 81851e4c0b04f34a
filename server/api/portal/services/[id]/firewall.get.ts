import { showFirewall } from '#shared/contracts/firewall.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showFirewall, ({ app, actor, params }) => app.provisioning.showFirewall({ id: params.id, clientId: actor.id }))
