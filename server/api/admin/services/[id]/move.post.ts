import { moveMachine } from '#shared/contracts/operations.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(moveMachine, async ({ app, actor, params, body }) => {
  await app.provisioning.moveMachine({ id: params.id, ...body, actor })
  return app.provisioning.showAdminService({ id: params.id })
})
