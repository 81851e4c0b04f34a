import { listConnections } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listConnections, ({ app, query }) => app.infrastructure.listConnections(query))
