import { showReinstall } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showReinstall, ({ app, actor, params }) => app.provisioning.showReinstall({ id: params.id, clientId: actor.id }))
