import { showHistory } from '#shared/contracts/history.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showHistory, ({ app, actor, params, query, locale }) => app.provisioning.showHistory({ id: params.id, clientId: actor.id, locale, page: query }))
