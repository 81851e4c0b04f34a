import { setupTotp } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(setupTotp, ({ app, body, event }) => app.identity.setUpTotp(callerOf(event), body))
