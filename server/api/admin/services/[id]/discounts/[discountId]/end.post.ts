import { endServiceDiscount } from '#shared/contracts/lives.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(endServiceDiscount, async ({ app, actor, params, body }) => {
  await app.billing.takeDiscountOff({ ...body, serviceId: params.id, discountId: params.discountId, actor })
  return app.billing.listDiscounts(params.id)
})
