import { unlinkMachine } from '#shared/contracts/adoption.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(unlinkMachine, async ({ app, actor, params, body }) => {
  await app.provisioning.unlinkMachine({ id: params.id, ...body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
