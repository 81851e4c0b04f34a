import { downloadAdminInvoice } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadAdminInvoice, async ({ app, params, query, event }) => sendDocument(event, downloadAdminInvoice.produces, await app.billing.printInvoice({ invoiceId: params.id, clientId: null, locale: query.locale })))
