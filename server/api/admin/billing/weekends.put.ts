import { setWeekends } from '#shared/contracts/holidays.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(setWeekends, ({ app, actor, body }) => app.billing.setWeekends({ free: body.free, actor }))
