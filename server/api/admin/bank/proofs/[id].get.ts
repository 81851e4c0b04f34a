import { downloadAnyProof } from '#shared/contracts/transfers.ts'
import { sendFile } from '#server/platform/send-file.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(downloadAnyProof, async ({ app, params, event }) => sendFile(event, await app.payments.openProof({ proofId: params.id, owner: null })))
