import { showDemoClock } from '#shared/contracts/system.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(showDemoClock, ({ app }) => app.billing.demoClock.show())
