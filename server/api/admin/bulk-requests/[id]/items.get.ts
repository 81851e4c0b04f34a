import { listBulkItems } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBulkItems, ({ app, params, query }) => app.provisioning.listBulkItems({ id: params.id, ...query }))
