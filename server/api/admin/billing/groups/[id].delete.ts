import { deleteClientGroup } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteClientGroup, ({ app, actor, params }) => app.billing.deleteClientGroup({ id: params.id, actor }))
