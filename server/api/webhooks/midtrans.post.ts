import { getRequestHeaders } from 'h3'
import { receiveMidtrans } from '#shared/contracts/system.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(receiveMidtrans, ({ app, raw, event }) => app.payments.receiveWebhook({
  gateway: 'midtrans', raw, headers: Object.fromEntries(Object.entries(getRequestHeaders(event)).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])),
}))
