import { closeNode } from '#shared/contracts/bulk.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(closeNode, async ({ app, actor, params, body }) => {
  await app.infrastructure.closeNode({ ...params, reason: body.closed ? body.reason : null, actor })
})
