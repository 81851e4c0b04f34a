import { listRefunds } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listRefunds, ({ app, query, actor }) => app.payments.listRefunds({ ...query, actor }))
