import { showPanelServer } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showPanelServer, ({ app, params }) => app.infrastructure.showPanelServer(params.id))
