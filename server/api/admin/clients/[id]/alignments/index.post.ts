import { requestClientAlignment } from '#shared/contracts/alignments.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestClientAlignment, ({ app, actor, params, body }) => app.billing.requestAlignment({ ...body, clientId: params.id, actor }))
