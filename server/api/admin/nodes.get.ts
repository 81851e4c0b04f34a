import { listNodes } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listNodes, ({ app }) => app.infrastructure.listNodes())
