import { downloadAdminInvoiceXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadAdminInvoiceXml, async ({ app, params, event }) => sendDocument(event, downloadAdminInvoiceXml.produces, await app.billing.writeInvoiceXml({ invoiceId: params.id, clientId: null })))
