import { listSessions } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { callerOf } from '#server/platform/session.ts'

export default defineRoute(listSessions, ({ app, event }) => app.identity.listSessions(callerOf(event)))
