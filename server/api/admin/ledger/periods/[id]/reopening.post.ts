import { reopenPeriod } from '#shared/contracts/ledger-books.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(reopenPeriod, ({ app, actor, params, body }) => app.billing.reopenPeriod({ ...body, periodId: params.id, actor }))
