import { listBackupSchedules } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listBackupSchedules, ({ app, query }) => app.provisioning.listBackupSchedules({ ...query, failing: query.failing === '1' }))
