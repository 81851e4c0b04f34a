import { previewIpv6Prefixes } from '#shared/contracts/ipv6.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(previewIpv6Prefixes, ({ app, params, raw }) => app.infrastructure.previewIpv6({ ...params, content: raw }))
