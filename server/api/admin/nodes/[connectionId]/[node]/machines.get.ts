import { listNodeMachines } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listNodeMachines, ({ app, params, query }) => app.infrastructure.listNodeMachines({ ...params, ...query }))
