import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { startMidtransSimulator } from '../../../simulators/midtrans/index.ts'
import type { MidtransOptions, MidtransSimulator } from '../../../simulators/midtrans/index.ts'
import { crc16, qrisText } from '../../../simulators/midtrans/methods.ts'
import { retriesAfter } from '../../../simulators/midtrans/notifications.ts'
import { localTime, parseTime, signature } from '../../../simulators/midtrans/state.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Received { readonly body: Record<string, string>, readonly headers: Record<string, string | string[] | undefined> }
/** A shop that hears notifications and answers them with what `answers` says, then with 200. */
async function shop(answers: number[] = []): Promise<{ url: string, received: Received[] }> {
  const received: Received[] = []
  const server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    received.push({ body: JSON.parse(Buffer.concat(parts).toString()) as Record<string, string>, headers: request.headers })
    response.writeHead(answers.shift() ?? 200).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  }))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}
async function start(options: MidtransOptions = {}) {
  const simulator = await startMidtransSimulator({ timeFactor: 1e-5, ...options })
  closers.push(() => simulator.close())
  return simulator
}
async function call(simulator: MidtransSimulator, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const reply = await fetch(simulator.url + path, { method, headers: { 'authorization': `Basic ${Buffer.from(`${simulator.serverKey}:`).toString('base64')}`, 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) })
  return { status: reply.status, body: await reply.json() as Record<string, unknown> & { error_messages?: string[], actions?: { name: string, url: string }[] } }
}
const order = (id: string, amount = 111_000) => ({ transaction_details: { order_id: id, gross_amount: amount }, item_details: [{ id: 'vps-1', price: amount - 11_000, quantity: 1, name: 'VPS 1 (1 bulan)' }, { id: 'ppn', price: 11_000, quantity: 1, name: 'PPN 11%' }] })
const charge = (id: string, bank = 'bca') => ({ ...order(id), payment_type: 'bank_transfer', bank_transfer: { bank } })

describe('the forms of the wire', () => {
  test('the signature is the published vector\'s: SHA-512 over the texts as sent', () => {
    expect(signature('1111', '200', '100000.00', 'askvnoibnosifnboseofinbofinfgbiufglnbfg')).toBe('edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b932d5c127e2375d308a2bc94f3265ac2d80a1f181a79b997ac178a236fcff35af263fc4d4c231')
  })
  test('times are GMT+7 without a zone and read back as they were written', () => {
    expect(localTime(Date.UTC(2026, 10, 22, 20, 30, 5))).toBe('2026-11-23 03:30:05')
    expect(parseTime('2026-11-22 16:00:00 +0700')).toBe(Date.UTC(2026, 10, 22, 9, 0, 0))
    expect(parseTime('2026-11-22T16:00:00Z')).toBeNaN()
  })
  test('a QRIS text is closed by a valid CRC-16/CCITT-FALSE', () => {
    expect(crc16('123456789')).toBe('29B1')
    const text = qrisText(111_000, 'abc')
    expect(crc16(text.slice(0, -4))).toBe(text.slice(-4))
    expect(text).toContain('5406111000')
  })
  test('the retry table follows the answer', () => {
    expect([200, 302, 500, 503, 400, 404, 418, null].map(retriesAfter)).toEqual([0, 0, 1, 4, 2, 2, 5, 5])
  })
})

describe('Snap', () => {
  test('without the server key nothing is created', async () => {
    const simulator = await start()
    expect((await call(simulator, 'POST', '/snap/v1/transactions', order('A-1'), { authorization: 'Basic eDo=' })).status).toBe(401)
    expect(simulator.state.sessions).toHaveLength(0)
  })
  test('a session answers 201 with token and page, and GET status knows nothing before a method is chosen', async () => {
    const simulator = await start()
    const created = await call(simulator, 'POST', '/snap/v1/transactions', order('A-1'))
    expect(created).toMatchObject({ status: 201, body: { token: expect.stringMatching(/^[0-9a-f-]{36}$/), redirect_url: expect.stringContaining('/snap/v3/redirection/') } })
    expect(await call(simulator, 'GET', '/v2/A-1/status')).toMatchObject({ status: 200, body: { status_code: '404', status_message: 'Transaction doesn\'t exist.' } })
    expect(simulator.state.deliveries).toHaveLength(0)
  })
  test.each([
    ['an order id with a space', { transaction_details: { order_id: 'A 1', gross_amount: 1000 } }, 'format is invalid'],
    ['an order id of 51 characters', { transaction_details: { order_id: 'A'.repeat(51), gross_amount: 1000 } }, 'too long'],
    ['an amount with decimals', { transaction_details: { order_id: 'A', gross_amount: 1000.5 } }, 'without decimals'],
    ['an amount as text', { transaction_details: { order_id: 'A', gross_amount: '1000' } }, 'not a number'],
    ['items that do not add up', { ...order('A'), transaction_details: { order_id: 'A', gross_amount: 111_001 } }, 'not equal to the sum'],
    ['an expiry of four minutes', { ...order('A'), expiry: { unit: 'minutes', duration: 4 } }, 'between 5 minutes and 7 days'],
    ['bytes that are no JSON', '{', 'not valid JSON'],
  ])('%s is refused', async (_, body, reason) => {
    const simulator = await start()
    const answer = await call(simulator, 'POST', '/snap/v1/transactions', body)
    expect(answer.status).toBe(400)
    expect(answer.body.error_messages?.join(' ')).toContain(reason)
  })
  test('an order id is used once', async () => {
    const simulator = await start()
    await call(simulator, 'POST', '/snap/v1/transactions', order('A-1'))
    expect((await call(simulator, 'POST', '/snap/v1/transactions', order('A-1'))).body.error_messages).toEqual(['transaction_details.order_id has already been taken'])
  })
  test('a person chooses a bank, pays, and is sent back to the shop with the result; the shop is told', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    const { body } = await call(simulator, 'POST', '/snap/v1/transactions', { ...order('A-1'), callbacks: { finish: 'http://shop.test/invoice/7' } })
    const page = String(body.redirect_url)
    const form = (url: string, fields: Record<string, string>) => fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) })
    expect(await (await fetch(page)).text()).toContain('BCA Virtual Account')
    await form(page, { method: 'bca_va' })
    const shown = await (await fetch(page)).text()
    expect(shown).toContain('Menunggu pembayaran')
    const action = /action="(\/simulator\/transactions\/[^"]+\/pay)"/.exec(shown)?.[1] ?? ''
    expect((await form(simulator.url + action, { back: 'finish' })).headers.get('location')).toBe('http://shop.test/invoice/7?order_id=A-1&status_code=200&transaction_status=settlement')
    await simulator.notifications.idle()
    expect(received.map(r => r.body.transaction_status)).toEqual(['pending', 'settlement'])
  })
  test('a session is cancelled once, and not while a payment is under way', async () => {
    const simulator = await start({ app: (await shop()).url })
    const first = await call(simulator, 'POST', '/snap/v1/transactions', order('A-1'))
    expect(await call(simulator, 'POST', `/snap/v1/transactions/${first.body.token}/cancel`)).toMatchObject({ status: 200, body: { canceled_at: expect.any(String) } })
    expect((await call(simulator, 'POST', `/snap/v1/transactions/${first.body.token}/cancel`)).body.error_messages).toEqual(['token already canceled'])
    const second = await call(simulator, 'POST', '/snap/v1/transactions', order('A-2'))
    simulator.act.choose('A-2', 'bni_va')
    expect((await call(simulator, 'POST', `/snap/v1/transactions/${second.body.token}/cancel`)).body.error_messages).toEqual(['Transaction is on progress'])
  })
})

describe('Core API', () => {
  test.each(['bca', 'bni', 'bri'])('a virtual account of %s comes back in va_numbers', async (bank) => {
    const simulator = await start({ app: (await shop()).url })
    expect(await call(simulator, 'POST', '/v2/charge', charge('A-1', bank))).toMatchObject({ status: 200, body: { status_code: '201', transaction_status: 'pending', gross_amount: '111000.00', currency: 'IDR', va_numbers: [{ bank, va_number: expect.stringMatching(/^\d{15,17}$/) }] } })
  })
  test('Permata answers permata_va_number instead', async () => {
    const simulator = await start({ app: (await shop()).url })
    const { body } = await call(simulator, 'POST', '/v2/charge', charge('A-1', 'permata'))
    expect(body.permata_va_number).toMatch(/^\d{16}$/)
    expect(body.va_numbers).toBeUndefined()
  })
  test('QRIS answers a text and an address whose picture is a PNG', async () => {
    const simulator = await start({ app: (await shop()).url })
    const { body } = await call(simulator, 'POST', '/v2/charge', { ...order('A-1'), payment_type: 'qris', qris: { acquirer: 'gopay' } })
    expect(body.qr_string).toMatch(/^000201.*6304[0-9A-F]{4}$/)
    const picture = await fetch(body.actions?.find(a => a.name === 'generate-qr-code')?.url ?? '')
    expect(picture.headers.get('content-type')).toBe('image/png')
  })
  test('a second charge with the same order id is answered 406, with the same idempotency key by the first answer', async () => {
    const simulator = await start({ app: (await shop()).url })
    const first = await call(simulator, 'POST', '/v2/charge', charge('A-1'), { 'idempotency-key': 'k1' })
    expect((await call(simulator, 'POST', '/v2/charge', charge('A-1'), { 'idempotency-key': 'k1' })).body).toEqual(first.body)
    expect((await call(simulator, 'POST', '/v2/charge', charge('A-1'), { 'idempotency-key': 'k'.repeat(47) })).body.status_code).toBe('406')
  })
  test('cancel and expire close a pending payment once; afterwards 412', async () => {
    const simulator = await start({ app: (await shop()).url })
    await call(simulator, 'POST', '/v2/charge', charge('A-1'))
    await call(simulator, 'POST', '/v2/charge', charge('A-2'))
    expect((await call(simulator, 'POST', '/v2/A-1/cancel')).body).toMatchObject({ status_code: '200', transaction_status: 'cancel' })
    expect((await call(simulator, 'POST', '/v2/A-1/cancel')).body.status_code).toBe('412')
    expect((await call(simulator, 'POST', '/v2/A-2/expire')).body).toMatchObject({ status_code: '407', transaction_status: 'expire' })
    expect((await call(simulator, 'GET', '/v2/A-2/status')).body).toMatchObject({ status_code: '407', transaction_status: 'expire' })
  })
  test('a payment past its time expires by itself', async () => {
    let at = Date.UTC(2026, 10, 22)
    const simulator = await start({ app: (await shop()).url, now: () => at })
    await call(simulator, 'POST', '/v2/charge', { ...charge('A-1'), custom_expiry: { expiry_duration: 60, unit: 'minute', order_time: '2026-11-22 07:00:00 +0700' } })
    expect((await call(simulator, 'GET', '/v2/A-1/status')).body).toMatchObject({ transaction_status: 'pending', expiry_time: '2026-11-22 08:00:00' })
    at += 3_600_000
    expect((await call(simulator, 'GET', '/v2/A-1/status')).body).toMatchObject({ transaction_status: 'expire' })
  })
  test('a virtual account cannot be paid back, QRIS can, in parts, with two notifications each', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    await call(simulator, 'POST', '/v2/charge', charge('A-1'))
    simulator.act.pay('A-1')
    expect((await call(simulator, 'POST', '/v2/A-1/refund', { refund_key: 'r1', amount: 1000 })).body.status_code).toBe('412')
    await call(simulator, 'POST', '/v2/charge', { ...order('A-2'), payment_type: 'qris' })
    simulator.act.pay('A-2')
    await simulator.notifications.idle()
    received.length = 0
    expect((await call(simulator, 'POST', '/v2/A-2/refund', { refund_key: 'r1', amount: 11_000 })).body).toMatchObject({ status_code: '200', transaction_status: 'partial_refund' })
    expect((await call(simulator, 'POST', '/v2/A-2/refund', { refund_key: 'r1', amount: 11_000 })).body.status_code).toBe('406')
    expect((await call(simulator, 'POST', '/v2/A-2/refund', { refund_key: 'r2', amount: 200_000 })).body.status_code).toBe('414')
    await simulator.notifications.idle()
    expect(received.map(r => (r.body.refunds as unknown as { bank_confirmed_at?: string }[])[0]?.bank_confirmed_at !== undefined).sort()).toEqual([false, true])
  })
})

describe('notifications', () => {
  test('are signed over the texts they carry and come from Veritrans', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    await call(simulator, 'POST', '/v2/charge', charge('A-1'))
    simulator.act.pay('A-1')
    await simulator.notifications.idle()
    const { body, headers } = received.at(-1) ?? { body: {}, headers: {} }
    expect(headers['user-agent']).toBe('Veritrans')
    expect(body).toMatchObject({ status_code: '200', gross_amount: '111000.00', transaction_status: 'settlement', settlement_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/) })
    expect(body.signature_key).toBe(signature('A-1', '200', '111000.00', simulator.serverKey))
  })
  test('are tried again while the shop answers 503, and given up after one more try on 500', async () => {
    const busy = await shop([503, 503])
    const simulator = await start({ app: busy.url })
    await call(simulator, 'POST', '/v2/charge', charge('A-1'))
    await simulator.notifications.idle()
    expect(busy.received).toHaveLength(3)
    expect(simulator.state.deliveries[0]).toMatchObject({ outcome: 'delivered' })
    const broken = await shop([500, 500, 500])
    const other = await start({ app: broken.url })
    await call(other, 'POST', '/v2/charge', charge('A-1'))
    await other.notifications.idle()
    expect(broken.received).toHaveLength(2)
    expect(other.state.deliveries[0]).toMatchObject({ outcome: 'given up' })
  })
  test('get lost, doubled, turned around and tampered with on demand', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    const run = async (id: string) => {
      received.length = 0
      await call(simulator, 'POST', '/v2/charge', charge(id))
      simulator.act.pay(id)
      await simulator.notifications.idle()
      return received.map(r => r.body)
    }
    simulator.faults.set({ loseNotifications: 1 })
    expect((await run('A-1')).map(b => b.transaction_status)).toEqual(['settlement'])
    simulator.faults.set({ duplicateNotifications: 1 })
    expect((await run('A-2')).map(b => b.transaction_status).sort()).toEqual(['pending', 'pending', 'settlement'])
    simulator.faults.set({ reorderNotifications: 2 })
    expect((await run('A-3')).map(b => b.transaction_status)).toEqual(['settlement', 'pending'])
    simulator.faults.set({ tamperNotifications: 'status' })
    const forged = await run('A-4')
    expect(forged.every(b => b.transaction_status === 'settlement' && b.signature_key === signature('A-4', String(b.status_code), '111000.00', simulator.serverKey))).toBe(true)
  })
  test('go where the request says instead of the merchant\'s address', async () => {
    const [usual, own] = [await shop(), await shop()]
    const simulator = await start({ app: usual.url })
    await call(simulator, 'POST', '/v2/charge', charge('A-1'), { 'x-override-notification': `${own.url}/hook` })
    await simulator.notifications.idle()
    expect([usual.received.length, own.received.length]).toEqual([0, 1])
  })
  test('late money is taken after expiry, and a settlement can be taken back', async () => {
    const { url: app, received } = await shop()
    const simulator = await start({ app })
    await call(simulator, 'POST', '/v2/charge', charge('A-1', 'permata'))
    simulator.act.expire('A-1')
    simulator.act.pay('A-1')
    simulator.act.reverse('A-1')
    await simulator.notifications.idle()
    expect(received.map(r => r.body.transaction_status).sort()).toEqual(['deny', 'expire', 'pending', 'settlement'])
  })
})
