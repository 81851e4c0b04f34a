import { downloadCreditNote } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadCreditNote, async ({ app, actor, params, query, event }) => sendFile(event, { type: downloadCreditNote.produces, ...await app.billing.printCreditNote({ invoiceId: params.id, noteId: params.noteId, clientId: actor.id, locale: query.locale }) }))
