import { listBulkRequests } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBulkRequests, ({ app, actor, query }) => app.provisioning.listBulkRequests({ ...query, personId: actor.id }))
