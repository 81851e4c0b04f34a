import { cancelPayment } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelPayment, ({ app, actor, params }) => app.payments.cancelPayment({ actor, clientId: actor.id, invoiceId: params.id, paymentId: params.paymentId }))
