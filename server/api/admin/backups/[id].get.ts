import { showRebuild } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showRebuild, ({ app, params, query }) => app.provisioning.showRebuild({ ...query, id: params.id }))
