import { setProductCost } from '#shared/contracts/prices.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setProductCost, ({ app, actor, params, body }) => app.catalog.setProductCost({ productId: params.id, monthly: fromMoneyJson(body.monthly), effectiveOn: body.effectiveOn, actor }))
