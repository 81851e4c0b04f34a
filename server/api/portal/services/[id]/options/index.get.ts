import { showServiceOptions } from '#shared/contracts/options.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showServiceOptions, ({ app, actor, params }) => app.ordering.showServiceOptions({ serviceId: params.id, clientId: actor.id }))
