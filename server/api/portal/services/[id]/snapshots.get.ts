import { showSnapshots } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showSnapshots, ({ app, actor, params }) => app.provisioning.showSnapshots({ id: params.id, clientId: actor.id }))
