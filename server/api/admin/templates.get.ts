import { listTemplates } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listTemplates, ({ app, query }) => app.infrastructure.listTemplates(query))
