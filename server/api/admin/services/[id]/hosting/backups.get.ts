import { showAdminAccountBackups } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminAccountBackups, ({ app, params }) => app.provisioning.showAccountBackups({ id: params.id, clientId: null }))
