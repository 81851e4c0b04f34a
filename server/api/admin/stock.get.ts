import { listStock } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listStock, ({ app }) => app.infrastructure.listStock())
