import { downloadInvoice } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadInvoice, async ({ app, actor, params, query, event }) => sendDocument(event, downloadInvoice.produces, await app.billing.printInvoice({ invoiceId: params.id, clientId: actor.id, locale: query.locale })))
