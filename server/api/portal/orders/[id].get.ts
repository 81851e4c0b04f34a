import { showOrder } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showOrder, ({ app, actor, params }) => app.ordering.showOrder({ id: params.id, clientId: actor.id }))
