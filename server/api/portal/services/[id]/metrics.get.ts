import { showMetrics } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showMetrics, ({ app, actor, params, query }) => app.provisioning.showMetrics({ id: params.id, clientId: actor.id, ...query }))
