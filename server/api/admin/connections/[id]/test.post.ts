import { testConnection } from '#shared/contracts/admin.ts'
import { defineRoute } from '#server/platform/http.ts'
import { sendSteps } from '#server/platform/send-steps.ts'

export default defineRoute(testConnection, ({ app, actor, params, event }) => sendSteps(event, ({ onStep }) => app.infrastructure.testConnection({ actor, id: params.id, onStep })))
