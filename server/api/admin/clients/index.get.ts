import { listClients } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listClients, ({ app, query }) => app.provisioning.listClients(query))
