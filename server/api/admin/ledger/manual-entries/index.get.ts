import { listManualEntries } from '#shared/contracts/ledger-books.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listManualEntries, ({ app, query }) => app.billing.listManualEntries(query))
