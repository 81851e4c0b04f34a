import { saveCredentials } from '#shared/contracts/gateways.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(saveCredentials, ({ app, actor, params, body }) => app.payments.saveCredentials({ actor, gateway: params.gateway, given: body }))
