import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { Client } from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { UserActor } from '#server/platform/http.ts'
import { components, startPostgres } from '../../scripts/components.ts'
import type { Interruptible } from '../../scripts/components.ts'
import listInvoices from '../../server/api/portal/invoices/index.get.ts'
import startPayment from '../../server/api/portal/invoices/[id]/payments/index.post.ts'
import receiveMidtrans from '../../server/api/webhooks/midtrans.post.ts'
import { serveRoutes } from '../support/http.ts'
import { until } from '../support/journey.ts'
import { clientActor, startPaymentWorld } from '../support/payments.ts'

const bin = components.postgresql.find()
if (!bin && process.env.CI === 'true') throw new Error('PostgreSQL is missing: with CI=true nothing is left out')

describe.skipIf(!bin)('the database restarts while the product runs', () => {
  let postgres: Interruptible
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let server: Awaited<ReturnType<typeof serveRoutes>>
  let actor: UserActor | null = null
  const lines: string[] = []
  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '')
    w = await startPaymentWorld('embedded', { DATABASE_URL: postgres.url, DATABASE_POOL_SIZE: '5' }, { log: pino({ level: 'warn' }, { write: line => void lines.push(line) }) })
    server = await serveRoutes(w.test.app, [['get', '/api/portal/invoices', listInvoices], ['post', '/api/portal/invoices/{id}/payments', startPayment], ['post', '/api/webhooks/midtrans', receiveMidtrans]], (event) => {
      event.context.actor = actor
    })
    await w.test.app.startWorkers()
  })
  afterAll(async () => {
    await server.close()
    await w.close()
    await postgres.stop()
  })

  const list = (locale = 'id') => fetch(`${server.url}/api/portal/invoices`, { headers: { 'x-gardu-locale': locale } })
  const pay = (invoiceId: string, key: string) => fetch(`${server.url}/api/portal/invoices/${invoiceId}/payments`, { method: 'POST', headers: { 'idempotency-key': key }, body: JSON.stringify({ method: 'bca_va' }) })
  const charges = (orderId: string | null) => w.midtrans.state.transactions.filter(t => t.orderId === orderId)
  /** Somebody else holds the row, so that a request is surely inside the database when it goes away. */
  async function holdInvoice(invoiceId: string) {
    const client = new Client({ connectionString: postgres.url })
    client.on('error', () => {})
    await client.connect()
    await client.query('begin')
    await client.query('select id from invoices where id = $1 for update', [invoiceId])
  }
  const waiting = async () => Number((await w.world.rows<{ n: string }>(sql`select count(*) as n from pg_stat_activity where wait_event_type = 'Lock'`))[0]?.n ?? 0)

  it('a request in the midst of it gets a clear 503, and its repetition with the same key has its effect once', async () => {
    const order = await w.world.order()
    actor = clientActor(order.clientId)
    await holdInvoice(order.invoiceId)
    const asked = pay(order.invoiceId, 'order-1')
    await until('the request is inside the database', waiting, n => n > 0)
    postgres.halt()
    const answer = await asked
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({ code: 'unavailable', title: expect.stringMatching(/tidak ada yang hilang/i) as string, requestId: expect.stringMatching(/./) as string })
    postgres.resume()
    const again = await until('the repetition is answered', async () => {
      const reply = await pay(order.invoiceId, 'order-1')
      return { status: reply.status, body: await reply.json() as { id: string } }
    }, reply => reply.status === 201)
    const attempts = await w.paymentsOf(order.invoiceId)
    expect(attempts.map(row => [row.id, row.status])).toEqual([[again.body.id, 'pending']])
    expect(charges(attempts[0]?.gatewayOrderId ?? '')).toHaveLength(1)
  })

  it('while it is away every request is told so in its language and the process stays; afterwards the next request works, more of them than the pool has connections', async () => {
    const order = await w.world.order()
    actor = clientActor(order.clientId)
    // Connections that were in use a moment ago and are dead now, before anybody noticed.
    await Promise.all(Array.from({ length: 10 }, () => list()))
    postgres.halt()
    const [reads, writes] = await Promise.all([Promise.all(Array.from({ length: 10 }, () => list('en'))), Promise.all(Array.from({ length: 10 }, (_, i) => pay(order.invoiceId, `away-${i}`)))])
    expect([...reads, ...writes].map(reply => reply.status)).toEqual(Array.from({ length: 20 }, () => 503))
    expect(await reads[0]?.json()).toMatchObject({ code: 'unavailable', title: expect.stringMatching(/nothing was lost.*try again/i) as string })
    await expect(w.test.app.ready()).rejects.toThrow()
    postgres.resume()
    expect((await Promise.all(Array.from({ length: 20 }, () => list()))).map(reply => reply.status)).toEqual(Array.from({ length: 20 }, () => 200))
    await w.test.app.ready()
    expect(await w.paymentsOf(order.invoiceId)).toEqual([])
  })

  it('a webhook that cannot be stored is refused with 503 and sent again by the gateway; jobs go on by themselves and book it once', async () => {
    const order = await w.world.order()
    const view = await w.start(order, 'bca_va')
    const orderId = (await w.payment(view.id)).gatewayOrderId ?? ''
    w.midtrans.faults.set({ loseNotifications: 10 })
    w.midtrans.act.pay(orderId)
    const signature = createHash('sha512').update(`${orderId}200111000.00${w.midtrans.serverKey}`).digest('hex')
    const notify = () => fetch(`${server.url}/api/webhooks/midtrans`, { method: 'POST', body: JSON.stringify({ order_id: orderId, status_code: '200', gross_amount: '111000.00', signature_key: signature, transaction_status: 'settlement' }) })
    postgres.halt()
    expect((await notify()).status).toBe(503)
    lines.length = 0
    await until('workers have asked for jobs in vain', async () => lines.filter(line => line.includes('job queue')).length, n => n > 0)
    postgres.resume()
    expect((await notify()).status).toBe(200)
    await until('the payment is booked by a job', () => w.payment(view.id), payment => payment.status === 'settled')
    expect((await w.world.invoice(order.invoiceId)).status).toBe('paid')
    expect(await w.entries('payment_received', view.id)).toBe(1)
    expect(await w.world.jobs('billing.service-paid', 'serviceId', order.serviceId)).toBe(1)
  })
})
