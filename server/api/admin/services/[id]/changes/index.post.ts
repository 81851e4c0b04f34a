import { requestAdminChange } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(requestAdminChange, ({ app, actor, params, body }) => app.ordering.requestChange({ ...body, serviceId: params.id, clientId: null, actor }))
