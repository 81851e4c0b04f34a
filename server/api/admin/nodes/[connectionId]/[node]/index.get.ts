import { showNode } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showNode, ({ app, params }) => app.infrastructure.showNode(params))
