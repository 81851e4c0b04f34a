import { showClientCredit } from '#shared/contracts/refunds.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showClientCredit, ({ app, params }) => app.payments.showClientCredit({ clientId: params.id }))
