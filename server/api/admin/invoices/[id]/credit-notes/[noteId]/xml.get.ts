import { downloadAdminCreditNoteXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadAdminCreditNoteXml, async ({ app, params, event }) => sendFile(event, { type: downloadAdminCreditNoteXml.produces, ...await app.billing.writeCreditNoteXml({ invoiceId: params.id, noteId: params.noteId, clientId: null }) }))
