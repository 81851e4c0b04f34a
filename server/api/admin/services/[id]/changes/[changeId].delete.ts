import { cancelAdminChange } from '#shared/contracts/changes.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelAdminChange, ({ app, actor, params }) => app.billing.cancelChange({ serviceId: params.id, changeId: params.changeId, clientId: null, actor }))
