import { forgotPassword } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(forgotPassword, ({ app, body }) => app.identity.requestPasswordReset(body))
