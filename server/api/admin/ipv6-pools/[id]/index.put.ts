import { updateIpv6Pool } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(updateIpv6Pool, ({ app, actor, params, body }) => app.infrastructure.updateIpv6Pool({ actor, id: params.id, fields: body }))
