import { revealCredentials } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(revealCredentials, ({ app, actor, params }) => app.provisioning.revealCredentials({ id: params.id, clientId: actor.id }))
