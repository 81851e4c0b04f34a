import { showAccess } from '#shared/contracts/access.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAccess, ({ app, actor, params }) => app.provisioning.showAccess({ id: params.id, clientId: actor.id }))
