import { cancelTask } from '#shared/contracts/history.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelTask, ({ app, actor, params }) => app.provisioning.cancelTask({ id: params.id, clientId: actor.id, taskId: params.taskId, actor }))
