import { downloadCreditNote } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadCreditNote, async ({ app, actor, params, query, event }) => sendDocument(event, downloadCreditNote.produces, await app.billing.printCreditNote({ invoiceId: params.id, noteId: params.noteId, clientId: actor.id, locale: query.locale })))
