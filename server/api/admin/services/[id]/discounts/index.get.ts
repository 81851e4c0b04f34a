import { listServiceDiscounts } from '#shared/contracts/lives.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listServiceDiscounts, ({ app, params }) => app.billing.listDiscounts(params.id))
