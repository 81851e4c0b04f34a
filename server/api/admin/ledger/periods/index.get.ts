import { listPeriods } from '#shared/contracts/ledger-books.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPeriods, ({ app, query }) => app.billing.listPeriods(query))
