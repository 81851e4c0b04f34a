import { listOrders } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listOrders, ({ app, actor, query }) => app.ordering.listOrders({ ...query, clientId: actor.id }))
