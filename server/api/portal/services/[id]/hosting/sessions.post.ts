import { openHostingSession } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(openHostingSession, ({ app, actor, params, body }) => app.provisioning.openHostingSession({ id: params.id, service: body.service, actor }))
