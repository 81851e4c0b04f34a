import { showAdminHistory } from '#shared/contracts/history.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminHistory, ({ app, params, query, locale }) => app.provisioning.showHistory({ id: params.id, clientId: null, locale, page: query }))
