import { explainService } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(explainService, ({ app, params, locale }) => app.billing.explainService({ serviceId: params.id, locale }))
