import { showHosting } from '#shared/contracts/hosting.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showHosting, ({ app, actor, params }) => app.provisioning.showHosting({ id: params.id, clientId: actor.id }))
