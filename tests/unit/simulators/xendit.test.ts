import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startXenditSimulator } from '../../../simulators/xendit/index.ts'
import type { XenditOptions, XenditSimulator } from '../../../simulators/xendit/index.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
/** A shop that hears webhooks and answers them with what `answers` says, then with 200. */
async function shop(answers: number[] = []) {
  const received: { token: string, body: { event: string, data: Record<string, unknown> } }[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    received.push({ token: String(request.headers['x-callback-token']), body: JSON.parse(Buffer.concat(parts).toString()) as (typeof received)[number]['body'] })
    response.writeHead(answers.shift() ?? 200).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  }))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}
async function start(options: XenditOptions = {}) {
  const simulator = await startXenditSimulator({ timeFactor: 1e-7, ...options })
  closers.push(() => simulator.close())
  return simulator
}
async function call(simulator: XenditSimulator, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const reply = await fetch(simulator.url + path, { method, headers: { authorization: `Basic ${Buffer.from(`${simulator.secretKey}:`).toString('base64')}`, ...headers }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) })
  return { status: reply.status, body: await reply.json() as Record<string, unknown> }
}
const session = (reference: string, change: object = {}) => ({ reference_id: reference, session_type: 'PAY', mode: 'PAYMENT_LINK', amount: 111_000, currency: 'IDR', country: 'ID', customer: { reference_id: reference.replaceAll('-', ''), type: 'INDIVIDUAL', individual_detail: { given_names: 'Budi' } }, ...change })

describe('Payment Sessions', () => {
  test('without the key nothing is made', async () => {
    const simulator = await start()
    expect(await call(simulator, 'POST', '/sessions', session('A-1'), { authorization: 'Basic eDo=' })).toMatchObject({ status: 401, body: { error_code: 'INVALID_API_KEY' } })
    expect(simulator.state.sessions).toHaveLength(0)
  })
  test.each([
    ['an http return address', { success_return_url: 'http://localhost/ok' }, 'INVALID_URL'], ['a life of nine minutes', { expires_at: new Date(Date.now() + 9 * 60_000).toISOString() }, 'INVALID_EXPIRY_DATE'], ['a metadata value of 81', { metadata: { order: 'x'.repeat(81) } }, 'INVALID_METADATA'],
    ['no customer', { customer: undefined }, 'MISSING_CUSTOMER'], ['a customer\'s reference with a dash', { customer: { reference_id: 'A-1', type: 'INDIVIDUAL', individual_detail: { given_names: 'B' } } }, 'API_VALIDATION_ERROR'], ['an amount with decimals', { amount: 1.5 }, 'INVALID_AMOUNT'],
    ['items that do not add up', { items: [{ name: 'VPS', net_unit_amount: 1, quantity: 1 }] }, 'API_VALIDATION_ERROR'],
  ])('%s is refused', async (_, change, code) => {
    const simulator = await start()
    expect(await call(simulator, 'POST', '/sessions', session('A-1', change))).toMatchObject({ status: 400, body: { error_code: code } })
  })
  test('a customer\'s reference is taken once; a payment request needs the api-version header', async () => {
    const simulator = await start()
    const made = await call(simulator, 'POST', '/sessions', session('A-1'))
    expect(made).toMatchObject({ status: 201, body: { status: 'ACTIVE', payment_session_id: expect.stringMatching(/^ps-[0-9a-f]{24}$/) as string } })
    expect(await call(simulator, 'POST', '/sessions', session('A-1'))).toMatchObject({ status: 409, body: { error_code: 'DUPLICATE_ERROR' } })
    simulator.act.pay('A-1')
    const paid = await call(simulator, 'GET', `/sessions/${String(made.body.payment_session_id)}`)
    const path = `/v3/payment_requests/${String(paid.body.payment_request_id)}`
    expect((await call(simulator, 'GET', path)).status).toBe(400)
    expect(await call(simulator, 'GET', path, undefined, { 'api-version': '2024-11-11' })).toMatchObject({ status: 200, body: { status: 'SUCCEEDED', request_amount: 111_000 } })
    expect((await call(simulator, 'POST', `/sessions/${String(made.body.payment_session_id)}/cancel`)).status).toBe(400)
  })
  test('a person opens the page, chooses a channel and pays; the shop is told twice, with the token', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    const { body } = await call(simulator, 'POST', '/sessions', session('A-1', { success_return_url: 'https://shop.test/ok' }))
    const page = String(body.payment_link_url)
    const text = await (await fetch(page)).text()
    expect(text).toContain('BCA Virtual Account')
    const action = /action="(\/simulator\/sessions\/[^"]+\/pay)"/.exec(text)?.[1] ?? ''
    const reply = await fetch(simulator.url + action, { method: 'POST', body: new URLSearchParams({ back: new URL(page).pathname, channel: 'QRIS' }) })
    expect(await reply.text()).toContain('https://shop.test/ok')
    await simulator.notifications.idle()
    expect(received.map(one => [one.body.event, one.body.data.reference_id, one.token]).sort()).toEqual([['payment.capture', 'A-1', simulator.callbackToken], ['payment_session.completed', 'A-1', simulator.callbackToken]])
    expect(await (await fetch(simulator.url)).text()).toContain('A-1')
  })
  test('a session past its time ends by itself and says so', async () => {
    const { url: app, received } = await shop()
    let now = Date.now()
    const simulator = await start({ app, now: () => now })
    await call(simulator, 'POST', '/sessions', session('A-1'))
    now += 31 * 60_000
    await fetch(simulator.url)
    await simulator.notifications.idle()
    expect(received.map(one => one.body.event)).toEqual(['payment_session.expired'])
  })
})

describe('webhooks', () => {
  test('are tried again six times, then given up; a shop that answers ends it', async () => {
    const [busy, away] = [await shop([503, 500]), await shop(Array.from({ length: 20 }, () => 500))]
    for (const [{ url, received }, tries, outcome] of [[busy, 3, 'delivered'], [away, 7, 'given up']] as const) {
      const simulator = await start({ app: url })
      await call(simulator, 'POST', '/sessions', session('A-1'))
      simulator.act.expire('A-1')
      await simulator.notifications.idle()
      expect([received.length, simulator.state.deliveries[0]?.outcome]).toEqual([tries, outcome])
    }
  })
  test('get lost, doubled, held back and tampered with on demand', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    const run = async (reference: string) => {
      received.length = 0
      await call(simulator, 'POST', '/sessions', session(reference))
      simulator.act.pay(reference)
      await simulator.notifications.idle()
      return received.map(one => one.body.event).sort()
    }
    simulator.faults.set({ loseNotifications: 1 })
    expect(await run('A-1')).toEqual(['payment_session.completed'])
    simulator.faults.set({ duplicateNotifications: 1 })
    expect(await run('A-2')).toEqual(['payment.capture', 'payment.capture', 'payment_session.completed'])
    simulator.faults.set({ tamperNotifications: 'token' })
    await run('A-3')
    expect(received.every(one => one.token !== simulator.callbackToken)).toBe(true)
  })
})
