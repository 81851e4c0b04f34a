import { payTogether } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(payTogether, ({ app, actor, body }) => app.billing.payTogether({ clientId: actor.id, invoiceIds: body.invoiceIds, actor }))
