import { showSeries } from '#shared/contracts/monitoring.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showSeries, ({ app, query }) => app.infrastructure.showSeries(query))
