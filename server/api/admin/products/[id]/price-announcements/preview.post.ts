import { previewPriceAnnouncement } from '#shared/contracts/prices.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewPriceAnnouncement, ({ app, params, body }) => app.billing.previewPrice({ productId: params.id, ...body, price: fromMoneyJson(body.price) }))
