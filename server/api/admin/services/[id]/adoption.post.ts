import { adoptMachine } from '#shared/contracts/adoption.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(adoptMachine, async ({ app, actor, params, body }) => {
  await app.provisioning.adoptMachine({ id: params.id, ...body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
