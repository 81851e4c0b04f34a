import { downloadCreditNoteXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadCreditNoteXml, async ({ app, actor, params, event }) => sendDocument(event, downloadCreditNoteXml.produces, await app.billing.writeCreditNoteXml({ invoiceId: params.id, noteId: params.noteId, clientId: actor.id })))
