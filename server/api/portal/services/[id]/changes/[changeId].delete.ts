import { cancelChange } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelChange, ({ app, actor, params }) => app.billing.cancelChange({ serviceId: params.id, changeId: params.changeId, clientId: actor.id, actor }))
