import { cancelClientAlignment } from '#shared/contracts/alignments.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelClientAlignment, ({ app, actor, params }) => app.billing.cancelAlignment({ clientId: params.id, alignmentId: params.alignmentId, actor }))
