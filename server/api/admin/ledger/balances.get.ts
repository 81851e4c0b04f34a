import { showBalances } from '#shared/contracts/ledger.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showBalances, ({ app }) => app.billing.showBalances())
