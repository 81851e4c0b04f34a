import { downloadAdminInvoice } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadAdminInvoice, async ({ app, params, query, event }) => sendFile(event, { type: downloadAdminInvoice.produces, ...await app.billing.printInvoice({ invoiceId: params.id, clientId: null, locale: query.locale }) }))
