import { confirmExact } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(confirmExact, ({ app, actor }) => app.payments.confirmExact({ actor }))
