import { cancelAdminTask } from '#shared/contracts/history.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelAdminTask, ({ app, actor, params }) => app.provisioning.cancelTask({ id: params.id, clientId: null, taskId: params.taskId, actor }))
