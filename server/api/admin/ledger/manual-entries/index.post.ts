import { proposeManualEntry } from '#shared/contracts/ledger-books.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(proposeManualEntry, async ({ app, actor, body }) =>
  app.billing.showManualEntry(await app.billing.proposeManualEntry({ ...body, lines: body.lines.map(line => ({ ...line, amount: fromMoneyJson(line.amount) })), actor })))
