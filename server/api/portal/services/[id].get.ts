import { showService } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showService, ({ app, actor, params, locale }) => app.provisioning.showService({ id: params.id, clientId: actor.id, locale }))
