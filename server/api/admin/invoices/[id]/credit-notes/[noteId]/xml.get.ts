import { downloadAdminCreditNoteXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadAdminCreditNoteXml, async ({ app, params, event }) => sendDocument(event, downloadAdminCreditNoteXml.produces, await app.billing.writeCreditNoteXml({ invoiceId: params.id, noteId: params.noteId, clientId: null })))
