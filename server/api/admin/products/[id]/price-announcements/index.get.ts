import { listPriceAnnouncements } from '#shared/contracts/prices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listPriceAnnouncements, ({ app, params, query }) => app.billing.listPriceAnnouncements({ ...query, productId: params.id }))
