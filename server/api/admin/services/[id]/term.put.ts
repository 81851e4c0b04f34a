import { setServiceTerm } from '#shared/contracts/lives.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setServiceTerm, async ({ app, actor, params, body }) => {
  await app.billing.setTerm({ ...body, serviceId: params.id, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
