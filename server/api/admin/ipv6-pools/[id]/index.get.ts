import { showIpv6Pool } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showIpv6Pool, ({ app, params }) => app.infrastructure.showIpv6Pool(params))
