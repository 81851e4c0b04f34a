import { requestDefaultNames } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestDefaultNames, async ({ app, actor }) => {
  await app.infrastructure.requestDefaultNames({ actor })
  return app.infrastructure.showReverseDnsSettings()
})
