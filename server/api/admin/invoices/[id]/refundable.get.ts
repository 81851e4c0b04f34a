import { showRefundable } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showRefundable, ({ app, params }) => app.payments.showRefundable({ invoiceId: params.id }))
