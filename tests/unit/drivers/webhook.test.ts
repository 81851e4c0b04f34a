import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { webhookSender } from '#server/drivers/webhook/standard/driver.ts'
import { isPublicAddress } from '#server/drivers/webhook/standard/public-address.ts'
import { newWebhookSecret, signWebhook } from '#server/drivers/webhook/standard/signature.ts'

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => new Promise((done) => {
    server.closeAllConnections()
    server.close(done)
  })))
})
async function listen(answer: RequestListener): Promise<{ port: number, came: IncomingMessage[] }> {
  const came: IncomingMessage[] = []
  const server = createServer((request, reply) => {
    came.push(request)
    request.resume().once('end', () => answer(request, reply))
  })
  servers.push(server)
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  return { port: (server.address() as AddressInfo).port, came }
}
const message = (url: string) => ({ url, id: 'msg_1', at: new Date(), body: '{"type":"ping"}', secrets: [newWebhookSecret()] })

describe('the signature', () => {
  it('is accepted by an outside reader of Standard Webhooks, for every text and with two secrets by the holder of either; not with another text or secret', () => {
    fc.assert(fc.property(fc.json(), fc.uuid(), (body, id) => {
      const [now, old] = [newWebhookSecret(), newWebhookSecret()]
      const timestamp = Math.floor(Date.now() / 1000)
      const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signWebhook([now, old], { id, timestamp, body }) }
      for (const secret of [now, old]) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
      expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow()
      expect(() => new Webhook(now).verify(`${body} `, headers)).toThrow()
    }), { numRuns: 50 })
  })
})

describe('addresses', () => {
  it.each(['8.8.8.8', '103.28.12.1', '2001:4860:4860::8888', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])('%s is public', address => expect(isPublicAddress(address)).toBe(true))
  it.each([
    '127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '2130706433', '017700000001', '0.0.0.0', '0.1.2.3', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '100.100.100.200', '192.0.0.192', '192.0.2.1', '198.18.0.1', '198.51.100.7', '203.0.113.5', '224.0.0.1', '240.0.0.1', '255.255.255.255',
    '::', '::1', '::ffff:10.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '::ffff:0:10.0.0.1', '64:ff9b::a00:1', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:a00:1::', '2002:7f00:1::', '2001:0:a00:1::', '2001:db8::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '100::1', '', 'localhost', '1.2.3', '8.8.8.8 ',
  ])('%s is not', address => expect(isPublicAddress(address)).toBe(false))
  it('no private IPv4 address is public however it is wrapped into IPv6', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    const inside = fc.oneof(fc.tuple(fc.constant(10), octet, octet, octet), fc.tuple(fc.constant(127), octet, octet, octet), fc.tuple(fc.constant(192), fc.constant(168), octet, octet), fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet), fc.tuple(fc.constant(169), fc.constant(254), octet, octet), fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet))
    fc.assert(fc.property(inside, ([a, b, c, d]) => {
      const hex = (high: number, low: number) => (high * 256 + low).toString(16)
      const words = `${hex(a, b)}:${hex(c, d)}`
      for (const address of [`${a}.${b}.${c}.${d}`, `::ffff:${a}.${b}.${c}.${d}`, `::ffff:${words}`, `::${words}`, `64:ff9b::${words}`, `2002:${words}::`]) expect(isPublicAddress(address)).toBe(false)
    }))
  })
})

describe('sending', () => {
  it.each(['http://example.id/', 'https://example.id:444/', 'https://example.id:22/', 'https://user:pw@example.id/', 'ftp://example.id/', 'no address'])('%s is no address for a webhook', async (url) => {
    const sender = webhookSender({ allow: [], resolve: async () => ['8.8.8.8'] })
    expect(await sender.refusal(url)).toBe('webhook_url_shape')
    expect(await sender.send(message(url))).toMatchObject({ ok: false, error: 'address_refused' })
  })
  it.each(['https://0x7f.1/', 'https://2130706433/', 'https://127.0.0.1:8443/', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/', 'https://169.254.169.254/latest/meta-data'])('%s is refused at saving and at sending', async (url) => {
    const sender = webhookSender({ allow: [] })
    expect(await sender.refusal(url)).toBe('webhook_address_private')
    expect(await sender.send(message(url))).toMatchObject({ ok: false, error: 'address_refused' })
  })
  it('a name with one private address among public ones is refused, as is one that nobody knows', async () => {
    expect(await webhookSender({ allow: [], resolve: async () => ['8.8.8.8', '10.0.0.1'] }).refusal('https://mixed.example/')).toBe('webhook_address_private')
    expect(await webhookSender({ allow: [], resolve: () => Promise.reject(new Error('ENOTFOUND')) }).refusal('https://unknown.example/')).toBe('webhook_address_unknown')
  })
  it('a public host is accepted by name', async () => {
    expect(await webhookSender({ allow: [], resolve: async () => ['8.8.8.8', '2001:4860:4860::8888'] }).refusal('https://relay.example:8443/hook?x=1')).toBeNull()
  })
  it('a name is resolved once for a message and the connection goes to that very answer: a second answer (rebinding) is never asked for', async () => {
    const { port, came } = await listen((_, reply) => reply.end('ok'))
    const answers = [['127.0.0.1'], ['203.0.113.1']]
    let asked = 0
    const sender = webhookSender({ allow: [`rebind.invalid:${port}`], resolve: async () => answers[asked++] ?? [] })
    // The name exists nowhere: were it looked up again by the connection, nothing would come.
    expect(await sender.send(message(`http://rebind.invalid:${port}/`))).toMatchObject({ ok: true, status: 200 })
    expect([asked, came.length, came[0]?.headers.host]).toEqual([1, 1, `rebind.invalid:${port}`])
  })
  it('what was public at saving and is private at sending is refused', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']]
    const sender = webhookSender({ allow: [], resolve: async () => answers.shift() ?? [] })
    expect(await sender.refusal('https://rebind.invalid/')).toBeNull()
    expect(await sender.send(message('https://rebind.invalid/'))).toMatchObject({ ok: false, error: 'address_refused' })
  })
  it('a redirect is not followed', async () => {
    const inside = await listen((_, reply) => reply.end('secret'))
    const { port } = await listen((_, reply) => reply.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end())
    expect(await webhookSender({ allow: [`127.0.0.1:${port}`, `127.0.0.1:${inside.port}`] }).send(message(`http://127.0.0.1:${port}/`))).toMatchObject({ ok: false, status: 307, error: 'redirected' })
    expect(inside.came).toHaveLength(0)
  })
  it('of a long answer 500 characters are kept; an endless one, none in time and a closed port are failures', async () => {
    const long = await listen((_, reply) => reply.end('x'.repeat(65_536)))
    const { port } = await listen((_, reply) => {
      const more = () => reply.write('x'.repeat(65_536), error => error ? undefined : more())
      more()
    })
    const silent = await listen(() => undefined)
    const sender = webhookSender({ allow: [`127.0.0.1:${long.port}`, `127.0.0.1:${port}`, `127.0.0.1:${silent.port}`, '127.0.0.1:1025'], milliseconds: 400 })
    expect(await sender.send(message(`http://127.0.0.1:${long.port}/`))).toMatchObject({ ok: true, answer: 'x'.repeat(500) })
    expect(await sender.send(message(`http://127.0.0.1:${port}/`))).toMatchObject({ ok: false, error: 'no_answer' })
    expect(await sender.send(message(`http://127.0.0.1:${silent.port}/`))).toMatchObject({ ok: false, status: null, error: 'no_answer' })
    expect(await sender.send(message('http://127.0.0.1:1025/'))).toMatchObject({ ok: false, error: 'no_connection' })
  })
})
