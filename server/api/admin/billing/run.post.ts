import { runBilling } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(runBilling, ({ app, actor, body }) => app.billing.runBillingByStaff({ actor, confirmBrake: body.confirmBrake }))
