import { listInvoiceRefunds } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listInvoiceRefunds, ({ app, actor, params }) => app.payments.listInvoiceRefunds({ invoiceId: params.id, clientId: actor.id }))
