import { refresh } from '#shared/contracts/auth.ts'
import { AppError } from '#shared/errors/codes.ts'
import { defineRoute } from '#server/platform/http.ts'
import { answerSignedIn, cookieTokens } from '#server/platform/session.ts'

export default defineRoute(refresh, async ({ app, body, event }) => {
  const refreshToken = body.refreshToken ?? (await cookieTokens(event, app))?.refreshToken
  if (!refreshToken) throw new AppError('session_ended')
  return answerSignedIn(event, app, await app.identity.refreshSession(refreshToken))
})
