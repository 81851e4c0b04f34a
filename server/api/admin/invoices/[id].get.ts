import { showAdminInvoice } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAdminInvoice, ({ app, params, locale }) => app.billing.showAdminInvoice({ invoiceId: params.id, locale }))
