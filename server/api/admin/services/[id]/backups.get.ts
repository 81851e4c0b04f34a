import { showAdminBackups } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminBackups, ({ app, params, query }) => app.provisioning.showBackups({ id: params.id, clientId: null, ...query }))
