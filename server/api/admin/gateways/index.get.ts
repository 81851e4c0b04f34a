import { listGateways } from '#shared/contracts/gateways.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listGateways, ({ app }) => app.payments.listGateways())
