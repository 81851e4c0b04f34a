import { setPrice } from '#shared/contracts/admin.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setPrice, ({ app, actor, params, body }) => app.catalog.setPrice({
  actor, productId: params.id, cycle: body.cycle, price: fromMoneyJson(body.price), setup: fromMoneyJson(body.setup), effectiveFrom: body.effectiveFrom ? new Date(body.effectiveFrom) : undefined,
}))
