import { showHostingWeb } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showHostingWeb, ({ app, actor, params }) => app.provisioning.showHostingWeb({ id: params.id, clientId: actor.id }))
