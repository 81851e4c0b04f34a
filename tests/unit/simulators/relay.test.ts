import { afterAll, beforeAll, expect, it } from 'vitest'
import { webhookSender } from '#server/drivers/webhook/standard/driver.ts'
import { newWebhookSecret } from '#server/drivers/webhook/standard/signature.ts'
import { startRelaySimulator } from '../../../simulators/relay/index.ts'
import type { RelaySimulator } from '../../../simulators/relay/index.ts'

let relay: RelaySimulator
beforeAll(async () => {
  relay = await startRelaySimulator()
})
afterAll(() => relay.close())

it('the relay takes what is signed with a secret that it was given, shows it escaped, and refuses everything else', async () => {
  const [secret, other] = [newWebhookSecret(), newWebhookSecret()]
  const send = (secrets: string[]) => webhookSender({ allow: [`127.0.0.1:${relay.port}`] }).send({ url: `${relay.url}/hook`, id: 'msg_1', at: new Date(), body: JSON.stringify({ type: 'invoice_issued', data: { text: 'Halo <b>Sari</b>', client: { phone: '+628123456789' } } }), secrets })
  expect(await send([secret])).toMatchObject({ ok: false, status: 401 })
  await fetch(`${relay.url}/secret`, { method: 'POST', body: new URLSearchParams({ secret }) })
  expect(await send([other, secret])).toMatchObject({ ok: true, status: 204 })
  expect(await send([other])).toMatchObject({ ok: false, status: 401 })
  expect(relay.state.told.map(one => [one.genuine, one.phone])).toEqual([[false, '+628123456789'], [true, '+628123456789'], [false, '+628123456789']])
  expect(await (await fetch(`${relay.url}/`)).text()).toContain('Halo &lt;b&gt;Sari&lt;/b&gt;')
})
