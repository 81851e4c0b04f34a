import { requestLedgerAudit } from '#shared/contracts/ledger.ts'
import { actorLabel } from '#server/kernel/ports.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestLedgerAudit, ({ app, actor }) => app.billing.requestLedgerAudit(actorLabel(actor)))
