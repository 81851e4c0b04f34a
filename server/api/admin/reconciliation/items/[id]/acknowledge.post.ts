import { acknowledgeComparisonItem } from '#shared/contracts/reconciliation.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(acknowledgeComparisonItem, ({ app, actor, params, body }) => app.payments.acknowledgeComparisonItem({ id: params.id, reason: body.reason, actor }))
