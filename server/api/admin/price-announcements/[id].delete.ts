import { withdrawPriceAnnouncement } from '#shared/contracts/prices.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(withdrawPriceAnnouncement, ({ app, actor, params }) => app.billing.withdrawPrice({ id: params.id, actor }))
