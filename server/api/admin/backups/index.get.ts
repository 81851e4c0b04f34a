import { listBackupUsage } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBackupUsage, ({ app, query }) => app.provisioning.listBackupUsage(query))
