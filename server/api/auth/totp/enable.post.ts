import { enableTotp } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(enableTotp, ({ app, body, event }) => app.identity.enableTotp(callerOf(event), body))
