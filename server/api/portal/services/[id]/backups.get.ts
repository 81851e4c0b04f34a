import { showBackups } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showBackups, ({ app, actor, params, query }) => app.provisioning.showBackups({ id: params.id, clientId: actor.id, ...query }))
