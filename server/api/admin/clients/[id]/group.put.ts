import { setClientGroup } from '#shared/contracts/terms.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setClientGroup, ({ app, actor, params, body }) => app.billing.setClientGroup({ clientId: params.id, groupId: body.groupId, actor }))
