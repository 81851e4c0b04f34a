import { deleteAddressPool } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteAddressPool, ({ app, actor, params }) => app.infrastructure.deleteAddressPool({ actor, id: params.id }))
