import { giveServiceDiscount } from '#shared/contracts/lives.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(giveServiceDiscount, async ({ app, actor, params, body }) => {
  await app.billing.giveDiscount({ ...body, value: BigInt(body.value), serviceId: params.id, actor })
  return app.billing.listDiscounts(params.id)
})
