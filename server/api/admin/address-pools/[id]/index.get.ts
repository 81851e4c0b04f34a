import { showAddressPool } from '#shared/contracts/addresses.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAddressPool, ({ app, params }) => app.infrastructure.showAddressPool(params))
