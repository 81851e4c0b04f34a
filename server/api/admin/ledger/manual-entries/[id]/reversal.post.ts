import { reverseManualEntry } from '#shared/contracts/ledger-books.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(reverseManualEntry, async ({ app, actor, params, body }) =>
  app.billing.showManualEntry(await app.billing.reverseManualEntry({ ...body, id: params.id, actor })))
