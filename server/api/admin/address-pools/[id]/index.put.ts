import { updateAddressPool } from '#shared/contracts/addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateAddressPool, ({ app, actor, params, body }) => app.infrastructure.updateAddressPool({ actor, id: params.id, fields: body }))
