import { showInvoice } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showInvoice, ({ app, actor, params, locale }) => app.billing.showInvoice({ invoiceId: params.id, clientId: actor.id, locale }))
