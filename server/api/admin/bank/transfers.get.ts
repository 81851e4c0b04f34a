import { listTransfers } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listTransfers, ({ app, query }) => app.payments.listOpenTransfers(query))
