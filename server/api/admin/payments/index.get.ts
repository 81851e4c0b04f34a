import { listPayments } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPayments, ({ app, query }) => app.payments.listPayments(query))
