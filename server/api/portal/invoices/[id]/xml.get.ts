import { downloadInvoiceXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendDocument } from '#server/platform/send-document.ts'

export default defineRoute(downloadInvoiceXml, async ({ app, actor, params, event }) => sendDocument(event, downloadInvoiceXml.produces, await app.billing.writeInvoiceXml({ invoiceId: params.id, clientId: actor.id })))
