import { exportIpv6Prefixes } from '#shared/contracts/ipv6.ts'
import { sendStream } from '#server/platform/send-download.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(exportIpv6Prefixes, async ({ app, params, query, event }) => sendStream(event, await app.infrastructure.exportIpv6Prefixes({ ...params, ...query })))
