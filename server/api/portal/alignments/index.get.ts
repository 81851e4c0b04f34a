import { showAlignment } from '#shared/contracts/alignments.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showAlignment, ({ app, actor, query }) => app.billing.showAlignment({ clientId: actor.id, day: query.day ?? null, serviceIds: query.services === undefined ? null : query.services.split(',').filter(id => id !== '') }))
