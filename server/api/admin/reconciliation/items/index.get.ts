import { listComparisonItems } from '#shared/contracts/reconciliation.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listComparisonItems, ({ app, query }) => app.payments.listComparisonItems(query))
