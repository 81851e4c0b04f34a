import { listPackages } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPackages, ({ app, query }) => app.infrastructure.listPackages(query))
