import { showFeeRules } from '#shared/contracts/reconciliation.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showFeeRules, ({ app }) => app.payments.showFeeRules())
