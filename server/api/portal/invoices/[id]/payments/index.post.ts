import { startPayment } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(startPayment, ({ app, actor, params, body }) => app.payments.startPayment({ actor, invoiceId: params.id, ...body }))
