import { downloadAnyProof } from '#shared/contracts/transfers.ts'
import { sendUploaded } from '#server/platform/send-download.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(downloadAnyProof, async ({ app, params, event }) => sendUploaded(event, await app.payments.openProof({ proofId: params.id, owner: null })))
