import { verifyEmail } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { answerSignedIn, deviceOf } from '#server/platform/session.ts'

export default defineRoute(verifyEmail, async ({ app, body, event }) => answerSignedIn(event, app, await app.identity.verifyEmail(body, deviceOf(event, app))))
