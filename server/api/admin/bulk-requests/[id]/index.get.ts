import { showBulkRequest } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showBulkRequest, ({ app, actor, params }) => app.provisioning.showBulkRequest({ id: params.id, personId: actor.id }))
