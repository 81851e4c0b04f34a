import { showAccountBackups } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAccountBackups, ({ app, actor, params }) => app.provisioning.showAccountBackups({ id: params.id, clientId: actor.id }))
