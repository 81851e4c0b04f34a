import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '#server/platform/ids.ts'
import receiveMidtrans from '../../server/api/webhooks/midtrans.post.ts'
import receiveXendit from '../../server/api/webhooks/xendit.post.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import { serveRoutes } from '../support/http.ts'
import { until } from '../support/journey.ts'
import { startPaymentWorld, xenditToken } from '../support/payments.ts'

const routes: Parameters<typeof serveRoutes>[1] = [['post', '/api/webhooks/midtrans', receiveMidtrans], ['post', '/api/webhooks/xendit', receiveXendit]]
const signed = (orderId: string, key: string, change: Record<string, string> = {}) => {
  const body = { order_id: orderId, status_code: '200', gross_amount: '111000.00', transaction_status: 'settlement', transaction_id: uuidv7(), ...change }
  return JSON.stringify({ ...body, signature_key: createHash('sha512').update(body.order_id + body.status_code + body.gross_amount + key).digest('hex') })
}

// The embedded database has one connection and no parallelism to prove.
const equal = { postgres: 1_000, embedded: 100 } as const

describe.each(databaseKinds())('the webhook routes over HTTP on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
    server = await serveRoutes(w.test.app, routes)
  })
  afterAll(async () => {
    await server.close()
    await w.close()
  })

  const send = async (gateway: 'midtrans' | 'xendit', body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = { 'content-type': 'application/json' }) => {
    const reply = await fetch(`${server.url}/api/webhooks/${gateway}`, { method: 'POST', headers, body })
    return { status: reply.status, type: reply.headers.get('content-type'), retryAfter: reply.headers.get('retry-after'), body: await reply.json() as Record<string, unknown> }
  }
  const stored = (word: string) => w.world.rows<{ status: string, reason: string | null, deliveries: number }>(sql`select status, reason, deliveries from webhooks where body like ${`%${word}%`}`)
  const waiting = async () => (await w.world.rows<{ n: number }>(sql`select count(*)::int as n from webhooks where status = 'verified'`))[0]?.n ?? 0
  const wakeUps = async () => (await w.world.rows<{ n: number }>(sql`select count(*)::int as n from pgboss.job where name = 'payments.webhooks-waiting'`))[0]?.n ?? 0
  const total = async () => (await w.world.rows<{ n: number }>(sql`select count(*)::int as n from webhooks`))[0]?.n ?? 0
  const key = () => w.midtrans.serverKey
  /** An attempt that waits to be paid; whatever its gateway itself says gets lost. */
  async function attempt(change: { amount?: number, currency?: string } = {}) {
    w.midtrans.faults.set({ loseNotifications: 10 })
    const order = await w.world.order()
    const view = await w.start(order, 'bca_va')
    const gatewayOrder = (await w.payment(view.id)).gatewayOrderId ?? ''
    const there = w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)
    if (!there) throw new Error('not charged')
    if (change.amount) there.amount = change.amount
    w.midtrans.act.pay(gatewayOrder)
    if (change.currency) Object.assign(there.details, { currency: change.currency })
    return { ...order, paymentId: view.id, gatewayOrder }
  }

  it('200: a proven notification is stored, waiting for work, before it is acknowledged, and a job is woken; sent again it counts up', async () => {
    const { gatewayOrder } = await attempt()
    const before = await waiting()
    const body = signed(gatewayOrder, key())
    expect(await send('midtrans', body)).toMatchObject({ status: 200, body: { received: true } })
    expect([await stored(gatewayOrder), await waiting()]).toEqual([[{ status: 'verified', reason: null, deliveries: 1 }], before + 1])
    await until('a job for the inbox', wakeUps, n => n > 0)
    expect((await send('midtrans', body)).status).toBe(200)
    expect([await stored(gatewayOrder), await waiting()]).toEqual([[{ status: 'verified', reason: null, deliveries: 2 }], before + 1])
  })

  it(`${equal[kind]} equal notifications at once: each is acknowledged, one row counts them, and they book once`, { timeout: 120_000 }, async () => {
    const { gatewayOrder, paymentId, invoiceId, clientId, serviceId } = await attempt()
    const body = signed(gatewayOrder, key())
    const replies = await Promise.all(Array.from({ length: equal[kind] }, () => send('midtrans', body)))
    expect(new Set(replies.map(reply => reply.status))).toEqual(new Set([200]))
    expect(await stored(gatewayOrder)).toEqual([{ status: 'verified', reason: null, deliveries: equal[kind] }])
    const inbox = w.test.app.payments.handlers['payments.webhooks-waiting']
    await Promise.all(Array.from({ length: 4 }, () => inbox()))
    expect([(await w.payment(paymentId)).status, (await w.world.invoice(invoiceId)).status, await w.test.app.core.read.ledger.credit(clientId)]).toEqual(['settled', 'paid', 0n])
    expect([await w.entries('payment_received', paymentId), await w.world.jobs('billing.service-paid', 'serviceId', serviceId), (await w.world.periods(serviceId)).length]).toEqual([1, 1, 1])
  })

  it('200 whatever type it is called: what proves a notification is its signature, not its header', async () => {
    const orderId = `typed-${uuidv7()}`
    expect((await send('midtrans', signed(orderId, key()), { 'content-type': 'text/plain' })).status).toBe(200)
    expect(await stored(orderId)).toHaveLength(1)
  })

  it('401: forged, with another key or without the callback token; stored as refused, never worked on', async () => {
    const before = await waiting()
    const [midtrans, xendit] = [`forged-${uuidv7()}`, `forged-${uuidv7()}`]
    expect(await send('midtrans', signed(midtrans, 'not-the-key'))).toMatchObject({ status: 401, type: 'application/problem+json; charset=utf-8', body: { code: 'webhook_refused' } })
    for (const token of ['', 'guess', `${xenditToken} `.repeat(2)]) expect(await send('xendit', JSON.stringify({ event: 'payment_session.completed', data: { reference_id: xendit } }), { 'x-callback-token': token })).toMatchObject({ status: 401, body: { code: 'webhook_refused' } })
    expect([...await stored(midtrans), ...await stored(xendit)].map(row => [row.status, row.reason])).toEqual([['refused', 'webhook_refused'], ['refused', 'webhook_refused']])
    expect(await waiting()).toBe(before)
  })

  it.each([['no JSON', (word: string) => `{"order_id": "${word}"`], ['another shape', (word: string) => JSON.stringify([word])], ['a number where the signature needs the text as sent', (word: string) => JSON.stringify({ ...JSON.parse(signed(word, 'x')) as object, gross_amount: 111_000 })]])('400: %s; stored as refused', async (_, make) => {
    const word = `unreadable-${uuidv7()}`
    expect(await send('midtrans', make(word))).toMatchObject({ status: 400, type: 'application/problem+json; charset=utf-8', body: { code: 'webhook_unreadable' } })
    expect(await stored(word)).toMatchObject([{ status: 'refused', reason: 'webhook_unreadable' }])
  })

  it('400: bytes that are no text, or nothing at all', async () => {
    expect((await send('midtrans', new Uint8Array([0xFF, 0xFE, 0x00, 0x7B]))).status).toBe(400)
    expect((await send('midtrans', '')).status).toBe(400)
  })

  it('413: over 1 MiB, announced or not; nothing is stored', async () => {
    const before = await total()
    const body = signed(`large-${uuidv7()}`, key(), { note: 'x'.repeat(1_048_577) })
    expect(await send('midtrans', body)).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
    const chunked = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${server.url}/api/webhooks/midtrans`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, reply => resolve(reply.resume().statusCode))
      sending.on('error', reject)
      sending.end(body)
    })
    expect([chunked, await total()]).toEqual([413, before])
  })

  it('D1: 503 with Retry-After while our disk is full, nothing half stored; sent again it is stored and booked once', async () => {
    const { gatewayOrder, paymentId, invoiceId } = await attempt()
    const [rows, before] = [await total(), await waiting()]
    const { executor } = w.test.app.core.database
    await executor.execute(sql`create function disk_full() returns trigger language plpgsql as $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`)
    await executor.execute(sql`create trigger disk_full before insert on webhooks for each row execute function disk_full()`)
    expect(await send('midtrans', signed(gatewayOrder, key()))).toMatchObject({ status: 503, retryAfter: '30', body: { code: 'unavailable' } })
    await executor.execute(sql`drop function disk_full() cascade`)
    expect([await total(), await waiting()]).toEqual([rows, before])
    expect((await send('midtrans', signed(gatewayOrder, key()))).status).toBe(200)
    await w.work()
    expect((await w.world.invoice(invoiceId)).status).toBe('paid')
    expect(await w.entries('payment_received', paymentId)).toBe(1)
  })

  it('200 for an order that is not ours: parked with its reason, nothing booked', async () => {
    const orderId = `elsewhere-${uuidv7()}`
    expect((await send('midtrans', signed(orderId, key()))).status).toBe(200)
    await w.work()
    expect(await stored(orderId)).toMatchObject([{ status: 'parked', reason: 'unknown_order' }])
  })

  it.each([['wrong amount', { amount: 1000 }, 'wrong_amount'], ['wrong currency', { currency: 'USD' }, 'USD']])('200 for a %s: parked with its reason, the invoice stays owed', async (_, change, reason) => {
    const { gatewayOrder, paymentId, invoiceId } = await attempt(change)
    expect((await send('midtrans', signed(gatewayOrder, key()))).status).toBe(200)
    await w.work()
    expect(await stored(gatewayOrder)).toMatchObject([{ status: 'parked', reason: expect.stringContaining(reason) as string }])
    expect((await w.world.invoice(invoiceId)).status).toBe('issued')
    expect(await w.entries('payment_received', paymentId)).toBe(0)
  })

  it('the amount of a notification is never booked: signed or not, what the gateway says when asked counts', async () => {
    const { gatewayOrder, paymentId, invoiceId } = await attempt()
    expect((await send('midtrans', signed(gatewayOrder, key(), { gross_amount: '999000.00' }))).status).toBe(200)
    await w.work()
    expect((await w.world.invoice(invoiceId)).status).toBe('paid')
    expect(await w.world.rows(sql`select sum(amount)::text as sum from journal_lines l join journal_entries e on e.id = l.entry_id where e.cause_id = ${paymentId} and l.account = 'gateway_clearing'`)).toEqual([{ sum: '111000' }])
  })
})

describe('a gateway whose secret is not set', () => {
  it('attack 93738a3: 503, nothing is believed and nothing is stored, whatever is sent', async () => {
    const test = await startTestApp({ kind: 'embedded', workers: false })
    const server = await serveRoutes(test.app, routes)
    try {
      for (const [gateway, headers] of [['midtrans', {}], ['xendit', { 'x-callback-token': '' }], ['xendit', {}]] as const) {
        const reply = await fetch(`${server.url}/api/webhooks/${gateway}`, { method: 'POST', headers, body: signed('x', '') })
        expect([reply.status, (await reply.json() as { code: string }).code]).toEqual([503, 'gateway_not_configured'])
      }
      expect((await test.app.payments.listWebhooks({ page: 1, pageSize: 10 })).total).toBe(0)
    } finally {
      await server.close()
      await test.close()
    }
  })
})
