import { showReverseDnsSettings } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showReverseDnsSettings, ({ app }) => app.infrastructure.showReverseDnsSettings())
