import { register } from '#shared/contracts/auth.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(register, ({ app, body }) => app.identity.registerClient(body))
