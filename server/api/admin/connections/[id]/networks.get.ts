import { listNetworks } from '#shared/contracts/networks.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listNetworks, ({ app, params, query }) => app.infrastructure.listNetworks({ id: params.id, ...query }))
