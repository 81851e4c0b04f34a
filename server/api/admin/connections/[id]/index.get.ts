import { showConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showConnection, ({ app, params }) => app.infrastructure.showConnection(params.id))
