import { listIpv6Prefixes } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listIpv6Prefixes, ({ app, params, query }) => app.infrastructure.listIpv6Prefixes({ ...params, ...query }))
