import { createIpv6Pool } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(createIpv6Pool, ({ app, actor, body }) => app.infrastructure.createIpv6Pool({ actor, fields: body }))
