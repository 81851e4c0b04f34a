import { setResponseHeader } from 'h3'
import { exportCoretax } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { streamOf } from '#server/platform/send-document.ts'

export default defineRoute(exportCoretax, ({ app, query, event }) => {
  const pieces = app.billing.exportCoretax(query)
  setResponseHeader(event, 'content-type', exportCoretax.produces)
  setResponseHeader(event, 'content-disposition', `attachment; filename="coretax-${query.month}.xml"`)
  return streamOf(pieces)
})
