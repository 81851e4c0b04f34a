import { resetPassword } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(resetPassword, ({ app, body }) => app.identity.resetPassword(body))
