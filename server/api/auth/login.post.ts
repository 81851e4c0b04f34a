import { login } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { answerSignedIn, deviceOf } from '#server/platform/session.ts'

export default defineRoute(login, async ({ app, body, event }) => answerSignedIn(event, app, await app.identity.logIn(body, deviceOf(event, app))))
