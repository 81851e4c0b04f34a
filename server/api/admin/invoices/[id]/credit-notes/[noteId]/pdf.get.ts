import { downloadAdminCreditNote } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadAdminCreditNote, async ({ app, params, query, event }) => sendFile(event, { type: downloadAdminCreditNote.produces, ...await app.billing.printCreditNote({ invoiceId: params.id, noteId: params.noteId, clientId: null, locale: query.locale }) }))
