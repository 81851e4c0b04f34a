import { createAddressPool } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createAddressPool, ({ app, actor, body }) => app.infrastructure.createAddressPool({ actor, fields: body }))
