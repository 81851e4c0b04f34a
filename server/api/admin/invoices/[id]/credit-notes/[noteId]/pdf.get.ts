import { downloadAdminCreditNote } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadAdminCreditNote, async ({ app, params, query, event }) => sendDocument(event, downloadAdminCreditNote.produces, await app.billing.printCreditNote({ invoiceId: params.id, noteId: params.noteId, clientId: null, locale: query.locale })))
