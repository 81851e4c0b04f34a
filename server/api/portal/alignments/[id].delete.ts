import { cancelAlignment } from '#shared/contracts/alignments.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(cancelAlignment, ({ app, actor, params }) => app.billing.cancelAlignment({ clientId: actor.id, alignmentId: params.id, actor }))
