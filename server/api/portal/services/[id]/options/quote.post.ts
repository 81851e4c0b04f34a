import { quoteServiceOptions } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(quoteServiceOptions, ({ app, actor, params, body }) => app.ordering.quoteServiceOptions({ ...body, serviceId: params.id, clientId: actor.id }))
