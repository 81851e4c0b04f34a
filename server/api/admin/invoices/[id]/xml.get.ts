import { downloadAdminInvoiceXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadAdminInvoiceXml, async ({ app, params, event }) => sendFile(event, { type: downloadAdminInvoiceXml.produces, ...await app.billing.writeInvoiceXml({ invoiceId: params.id, clientId: null }) }))
