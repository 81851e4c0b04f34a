import { showCredit } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showCredit, ({ app, actor, query }) => app.billing.showCredit({ ...query, clientId: actor.id }))
