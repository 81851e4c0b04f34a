import { listInvoices } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listInvoices, ({ app, actor, query }) => app.billing.listInvoices({ ...query, clientId: actor.id }))
