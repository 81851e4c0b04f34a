import { requestAlignment } from '#shared/contracts/alignments.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestAlignment, ({ app, actor, body }) => app.billing.requestAlignment({ ...body, clientId: actor.id, actor }))
