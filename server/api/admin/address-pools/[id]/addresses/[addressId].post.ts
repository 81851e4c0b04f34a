import { settleAddress } from '#shared/contracts/addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(settleAddress, ({ app, actor, params, body }) => app.infrastructure.settleAddress({ actor, poolId: params.id, id: params.addressId, act: body }))
