import { setOptionPrice } from '#shared/contracts/options.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setOptionPrice, ({ app, actor, params, body }) => app.catalog.setOptionPrice({
  actor, productId: params.id, optionId: params.optionId, choiceId: body.choiceId, cycle: body.cycle, price: fromMoneyJson(body.price), setup: fromMoneyJson(body.setup),
}))
