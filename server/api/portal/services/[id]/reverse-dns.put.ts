import { setReverseDns } from '#shared/contracts/reverse-dns.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setReverseDns, async ({ app, actor, params, body }) => {
  await app.provisioning.setReverseDns({ id: params.id, clientId: actor.id, ...body, actor })
  return app.provisioning.showReverseDns({ id: params.id, clientId: actor.id })
})
