import { listPayouts } from '#shared/contracts/reconciliation.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPayouts, ({ app, query }) => app.payments.listPayouts(query))
