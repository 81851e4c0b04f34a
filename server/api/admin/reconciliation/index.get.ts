import { showReconciliation } from '#shared/contracts/reconciliation.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showReconciliation, ({ app }) => app.payments.showReconciliation())
