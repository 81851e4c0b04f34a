import { showAdminMetrics } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminMetrics, ({ app, params, query }) => app.provisioning.showMetrics({ id: params.id, clientId: null, ...query }))
