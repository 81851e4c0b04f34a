import { listAdminServices } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAdminServices, ({ app, query }) => app.provisioning.listAdminServices(query))
