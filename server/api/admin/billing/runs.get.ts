import { listBillingRuns } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBillingRuns, ({ app, query }) => app.billing.listRuns(query))
