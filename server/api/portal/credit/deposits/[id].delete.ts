import { cancelDeposit } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelDeposit, ({ app, actor, params }) => app.billing.cancelDeposit({ invoiceId: params.id, clientId: actor.id, actor }))
