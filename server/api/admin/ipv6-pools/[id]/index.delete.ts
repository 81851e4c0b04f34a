import { deleteIpv6Pool } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(deleteIpv6Pool, ({ app, actor, params }) => app.infrastructure.deleteIpv6Pool({ actor, id: params.id }))
