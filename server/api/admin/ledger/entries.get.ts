import { listEntries } from '#shared/contracts/ledger.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listEntries, ({ app, query }) => app.billing.listEntries(query))
