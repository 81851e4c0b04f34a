import { showAdminHostingWeb } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminHostingWeb, ({ app, params }) => app.provisioning.showHostingWeb({ id: params.id, clientId: null }))
