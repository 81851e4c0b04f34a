import { quoteAdminServiceOptions } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(quoteAdminServiceOptions, ({ app, params, body }) => app.ordering.quoteServiceOptions({ ...body, serviceId: params.id, clientId: null }))
