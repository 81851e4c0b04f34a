import { listHeldBackups } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listHeldBackups, ({ app, query }) => app.provisioning.listHeldBackups(query))
