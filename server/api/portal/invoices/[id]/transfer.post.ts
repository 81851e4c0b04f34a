import { startTransfer } from '#shared/contracts/transfers.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(startTransfer, ({ app, actor, params }) => app.payments.startTransfer({ invoiceId: params.id, clientId: actor.id, actor }))
