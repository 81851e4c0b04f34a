import { showAdminService } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminService, ({ app, params }) => app.provisioning.showAdminService({ id: params.id }))
