import { setHold } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setHold, ({ app, actor, params, body }) => app.billing.setHold({ serviceId: params.id, until: body.until ? new Date(body.until) : null, reason: body.reason, actor }))
