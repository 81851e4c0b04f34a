import { showAdminChangeOptions } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminChangeOptions, ({ app, params }) => app.ordering.showChangeOptions({ serviceId: params.id, clientId: null }))
