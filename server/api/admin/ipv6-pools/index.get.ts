import { listIpv6Pools } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listIpv6Pools, ({ app, query }) => app.infrastructure.listIpv6Pools(query))
