import { downloadInvoiceXml } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadInvoiceXml, async ({ app, actor, params, event }) => sendFile(event, { type: downloadInvoiceXml.produces, ...await app.billing.writeInvoiceXml({ invoiceId: params.id, clientId: actor.id }) }))
