import { showAdminServiceOptions } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminServiceOptions, ({ app, params }) => app.ordering.showServiceOptions({ serviceId: params.id, clientId: null }))
