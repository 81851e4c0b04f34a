import { downloadProof } from '#shared/contracts/transfers.ts'
import { sendUploaded } from '#server/platform/send-download.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(downloadProof, async ({ app, actor, params, event }) => sendUploaded(event, await app.payments.openProof({ proofId: params.proofId, owner: { clientId: actor.id, invoiceId: params.id, paymentId: params.paymentId } })))
