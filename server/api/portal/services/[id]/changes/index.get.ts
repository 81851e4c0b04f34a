import { showChangeOptions } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showChangeOptions, ({ app, actor, params }) => app.ordering.showChangeOptions({ serviceId: params.id, clientId: actor.id }))
