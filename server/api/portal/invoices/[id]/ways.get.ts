import { showWays } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showWays, ({ app, actor, params }) => app.payments.showWays({ invoiceId: params.id, clientId: actor.id }))
