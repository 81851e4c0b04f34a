import { logout } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'
import { cookieTokens, dropCookie } from '#server/platform/session.ts'

export default defineRoute(logout, async ({ app, actor, body, event }) => {
  const refreshToken = body.refreshToken ?? (await cookieTokens(event, app))?.refreshToken
  await app.identity.logOut({ sessionId: event.context.sessionId, userId: actor?.id, refreshToken })
  await dropCookie(event, app)
})
