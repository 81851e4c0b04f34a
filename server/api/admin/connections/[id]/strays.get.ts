import { listStrays } from '#shared/contracts/adoption.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listStrays, ({ app, params, query }) => app.provisioning.listStrays({ connectionId: params.id, ...query }))
