import { pauseGateway } from '#shared/contracts/gateways.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(pauseGateway, ({ app, actor, params, body }) => app.payments.pauseGateway({ actor, gateway: params.gateway, reason: body.reason }))
