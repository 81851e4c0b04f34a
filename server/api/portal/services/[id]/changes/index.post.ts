import { requestChange } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestChange, ({ app, actor, params, body }) => app.ordering.requestChange({ ...body, serviceId: params.id, clientId: actor.id, actor }))
