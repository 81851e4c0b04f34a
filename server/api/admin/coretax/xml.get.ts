import { exportCoretax } from '#shared/contracts/invoicing.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendStream } from '#server/platform/send-download.ts'

export default defineRoute(exportCoretax, ({ app, query, event }) => sendStream(event, { name: `coretax-${query.month}.xml`, type: exportCoretax.produces, content: app.billing.exportCoretax(query) }))
