import { setResponseHeader } from 'h3'
import { downloadInvoice } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(downloadInvoice, async ({ app, actor, params, query, event }) => {
  const { name, content } = await app.billing.printInvoice({ invoiceId: params.id, clientId: actor.id, locale: query.locale })
  setResponseHeader(event, 'content-type', 'application/pdf')
  setResponseHeader(event, 'content-disposition', `attachment; filename="${name}"`)
  return Buffer.from(content)
})
