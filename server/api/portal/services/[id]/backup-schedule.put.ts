import { setBackupSchedule } from '#shared/contracts/backups.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setBackupSchedule, ({ app, actor, params, body }) => app.provisioning.setBackupSchedule({ id: params.id, clientId: actor.id, schedule: body, actor }))
