import { listAddressPools } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listAddressPools, ({ app, query }) => app.infrastructure.listAddressPools(query))
