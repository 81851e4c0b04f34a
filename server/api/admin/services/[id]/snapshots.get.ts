import { showAdminSnapshots } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminSnapshots, ({ app, params }) => app.provisioning.showSnapshots({ id: params.id, clientId: null }))
