import { removeHoliday } from '#shared/contracts/holidays.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(removeHoliday, ({ app, actor, params }) => app.billing.removeHoliday({ day: params.day, actor }))
