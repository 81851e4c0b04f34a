import { listLedgerAudits } from '#shared/contracts/ledger.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listLedgerAudits, ({ app, query }) => app.billing.listLedgerAudits(query))
