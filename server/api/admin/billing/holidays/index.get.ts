import { showHolidays } from '#shared/contracts/holidays.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showHolidays, ({ app, query }) => app.billing.showHolidays({ year: query.year }))
