import { showOverview } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showOverview, ({ app, actor, locale }) => app.provisioning.showOverview({ clientId: actor.id, locale }))
