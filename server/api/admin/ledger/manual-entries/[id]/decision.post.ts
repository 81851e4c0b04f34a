import { decideManualEntry } from '#shared/contracts/ledger-books.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(decideManualEntry, async ({ app, actor, params, body }) => {
  await app.billing.decideManualEntry({ ...body, id: params.id, actor })
  return app.billing.showManualEntry(params.id)
})
