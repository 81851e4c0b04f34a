import { announcePrice } from '#shared/contracts/prices.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(announcePrice, ({ app, actor, params, body }) => app.billing.announcePrice({ actor, productId: params.id, ...body, price: fromMoneyJson(body.price) }))
