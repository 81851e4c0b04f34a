import { showAdminReinstall } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminReinstall, ({ app, params }) => app.provisioning.showReinstall({ id: params.id, clientId: null }))
