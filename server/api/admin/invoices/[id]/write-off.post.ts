import { writeOffRest } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(writeOffRest, async ({ app, actor, params, body, locale }) => {
  await app.billing.writeOffRest({ invoiceId: params.id, reason: body.reason, actor })
  return app.billing.showAdminInvoice({ invoiceId: params.id, locale })
})
