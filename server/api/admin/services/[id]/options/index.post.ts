import { requestAdminOptions } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestAdminOptions, ({ app, actor, params, body }) => app.ordering.requestOptions({ ...body, serviceId: params.id, clientId: null, actor }))
