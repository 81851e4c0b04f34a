import { removeReverseDnsSettings } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(removeReverseDnsSettings, ({ app, actor }) => app.infrastructure.removeReverseDnsSettings({ actor }))
