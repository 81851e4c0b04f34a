import { setAdminBackupSchedule } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setAdminBackupSchedule, ({ app, actor, params, body }) => app.provisioning.setBackupSchedule({ id: params.id, clientId: null, schedule: body, actor }))
