import { previewStatement } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewStatement, ({ app, query, raw }) => app.payments.previewStatement({ ...query, content: raw }))
