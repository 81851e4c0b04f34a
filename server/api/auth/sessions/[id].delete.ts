import { endSession } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(endSession, ({ app, params, event }) => app.identity.endSession(callerOf(event), params.id))
