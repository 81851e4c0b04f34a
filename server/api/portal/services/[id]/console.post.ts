import { openServiceConsole } from '#shared/contracts/portal.ts'
import { consolePath } from '#server/platform/console-relay.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(openServiceConsole, async ({ app, actor, params, event }) => ({ ...await app.provisioning.issueConsoleTicket({ id: params.id, clientId: actor.id, actor, sessionId: event.context.sessionId ?? null }), path: consolePath }))
