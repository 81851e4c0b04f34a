import { disableTotp } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(disableTotp, ({ app, body, event }) => app.identity.disableTotp(callerOf(event), body))
