import { addHolidays } from '#shared/contracts/holidays.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(addHolidays, ({ app, actor, body }) => app.billing.addHolidays({ lines: body.lines, actor }))
