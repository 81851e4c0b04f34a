import { rebuildMachine } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(rebuildMachine, async ({ app, actor, params, body }) => {
  await app.provisioning.rebuildMachine({ ...body, id: params.id, actor })
  return app.provisioning.showAdminService({ id: body.serviceId })
})
