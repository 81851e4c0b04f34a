import { setServicePrice } from '#shared/contracts/prices.ts'
import { fromMoneyJson } from '#shared/money/money.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setServicePrice, async ({ app, actor, params, body }) => {
  await app.billing.setServicePrice({ serviceId: params.id, ...body, price: fromMoneyJson(body.price), actor })
  return app.provisioning.showAdminService({ id: params.id })
})
