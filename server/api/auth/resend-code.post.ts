import { resendCode } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(resendCode, ({ app, body }) => app.identity.resendCode(body))
