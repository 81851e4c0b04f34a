import { listFailedBackups } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listFailedBackups, ({ app, query }) => app.provisioning.listFailedBackups(query))
