import { reinstallForStaff } from '#shared/contracts/machines.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(reinstallForStaff, async ({ app, actor, params, body }) => {
  await app.provisioning.reinstall({ id: params.id, clientId: null, ...body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
