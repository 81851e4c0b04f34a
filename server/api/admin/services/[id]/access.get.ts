import { showAdminAccess } from '#shared/contracts/access.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminAccess, ({ app, params }) => app.provisioning.showAccess({ id: params.id, clientId: null }))
