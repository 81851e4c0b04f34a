import { getRequestHeaders } from 'h3'
import { receiveXendit } from '#shared/contracts/system.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(receiveXendit, ({ app, raw, event }) => app.payments.receiveWebhook({
  gateway: 'xendit', raw, headers: Object.fromEntries(Object.entries(getRequestHeaders(event)).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])),
}))
