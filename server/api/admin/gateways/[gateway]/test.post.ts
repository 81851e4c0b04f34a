import { testGateway } from '#shared/contracts/gateways.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(testGateway, ({ app, actor, params }) => app.payments.testGateway({ actor, gateway: params.gateway }))
