import { showAdminHosting } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminHosting, ({ app, params }) => app.provisioning.showHosting({ id: params.id, clientId: null }))
