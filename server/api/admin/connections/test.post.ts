import { testConnectionSettings } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendSteps } from '#server/platform/send-steps.ts'

export default defineRoute(testConnectionSettings, ({ app, actor, body: { id, ...input }, event }) => sendSteps(event, ({ begin, onStep }) => app.infrastructure.testDraft({ actor, id, input, onBegin: begin, onStep })))
