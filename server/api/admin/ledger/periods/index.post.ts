import { closePeriod } from '#shared/contracts/ledger-books.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(closePeriod, ({ app, actor, body }) => app.billing.closePeriod({ ...body, actor }))
