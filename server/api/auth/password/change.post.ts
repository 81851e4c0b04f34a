import { changePassword } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(changePassword, ({ app, body, event }) => app.identity.changePassword(callerOf(event), body))
