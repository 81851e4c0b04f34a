import { uploadProof } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(uploadProof, ({ app, actor, params, raw }) => app.payments.addProof({ clientId: actor.id, invoiceId: params.id, paymentId: params.paymentId, content: raw }))
