import { showTraffic } from '#shared/contracts/traffic.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showTraffic, ({ app, actor, params }) => app.provisioning.showTraffic({ id: params.id, clientId: actor.id }))
