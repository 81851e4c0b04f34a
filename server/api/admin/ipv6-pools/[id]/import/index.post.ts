import { importIpv6Prefixes } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(importIpv6Prefixes, ({ app, actor, params, query, raw }) => app.infrastructure.importIpv6({ actor, ...params, ...query, content: raw }))
