import { updateMe } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(updateMe, ({ app, body, event }) => app.identity.updateMe(callerOf(event), body))
