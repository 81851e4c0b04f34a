import { openAdminConsole } from '#shared/contracts/admin.ts'
import { consolePath } from '#server/platform/console-relay.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(openAdminConsole, async ({ app, actor, params, event }) => ({ ...await app.provisioning.issueConsoleTicket({ id: params.id, actor, sessionId: event.context.sessionId ?? null }), path: consolePath }))
