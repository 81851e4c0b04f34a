import { advanceDemoClock } from '#shared/contracts/system.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(advanceDemoClock, ({ app, body }) => app.billing.demoClock.advance(body.advance))
