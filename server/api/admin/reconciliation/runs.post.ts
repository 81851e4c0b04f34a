import { requestComparison } from '#shared/contracts/reconciliation.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestComparison, ({ app, actor }) => app.payments.requestComparison(actor.name))
