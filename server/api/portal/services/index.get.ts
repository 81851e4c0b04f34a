import { listServices } from '#shared/contracts/portal.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listServices, ({ app, actor, query }) => app.provisioning.listServices({ clientId: actor.id, ...query }))
