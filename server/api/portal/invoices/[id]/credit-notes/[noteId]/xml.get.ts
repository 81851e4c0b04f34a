import { downloadCreditNoteXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadCreditNoteXml, async ({ app, actor, params, event }) => sendFile(event, { type: downloadCreditNoteXml.produces, ...await app.billing.writeCreditNoteXml({ invoiceId: params.id, noteId: params.noteId, clientId: actor.id }) }))
