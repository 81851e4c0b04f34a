import { downloadInvoice } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendFile } from '#server/platform/send-download.ts'

export default defineRoute(downloadInvoice, async ({ app, actor, params, query, event }) => sendFile(event, { type: downloadInvoice.produces, ...await app.billing.printInvoice({ invoiceId: params.id, clientId: actor.id, locale: query.locale }) }))
