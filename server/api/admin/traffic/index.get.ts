import { listTraffic } from '#shared/contracts/traffic.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listTraffic, ({ app, query }) => app.provisioning.listTraffic(query))
