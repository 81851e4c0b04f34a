import { requestOptions } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestOptions, ({ app, actor, params, body }) => app.ordering.requestOptions({ ...body, serviceId: params.id, clientId: actor.id, actor }))
