import { listAdminInvoices } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAdminInvoices, ({ app, query }) => app.billing.listInvoices(query))
