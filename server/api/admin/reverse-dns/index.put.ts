import { saveReverseDnsSettings } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(saveReverseDnsSettings, ({ app, actor, body }) => app.infrastructure.saveReverseDnsSettings({ actor, input: body }))
