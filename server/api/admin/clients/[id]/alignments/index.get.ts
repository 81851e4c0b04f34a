import { showClientAlignment } from '#shared/contracts/alignments.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showClientAlignment, ({ app, params, query }) => app.billing.showAlignment({ clientId: params.id, day: query.day ?? null, serviceIds: query.services === undefined ? null : query.services.split(',').filter(id => id !== '') }))
