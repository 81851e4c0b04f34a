import { listHealthChanges } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listHealthChanges, ({ app, params, query }) => app.infrastructure.listHealthChanges({ ...query, id: params.id }))
