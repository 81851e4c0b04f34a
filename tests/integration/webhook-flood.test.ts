import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databaseKinds } from '../support/app.ts'
import { startPaymentWorld } from '../support/payments.ts'

// The embedded database has one connection and no parallelism to prove: a tenth of the flood is enough there.
const flood = { postgres: 10_000, embedded: 1_000 } as const

describe.each(databaseKinds())('webhooks on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
  })
  afterAll(() => w.close())

  it(`${flood[kind]} parallel webhooks are all stored before they are acknowledged, each content once, and book once`, { timeout: 180_000 }, async () => {
    const order = await w.world.order()
    const view = await w.start(order, 'bca_va')
    const orderId = (await w.payment(view.id)).gatewayOrderId ?? ''
    w.midtrans.faults.set({ loseNotifications: 10 })
    w.midtrans.act.pay(orderId)
    const [status_code, gross_amount] = ['200', '111000.00']
    const signature_key = createHash('sha512').update(orderId + status_code + gross_amount + w.midtrans.serverKey).digest('hex')
    const different = flood[kind] / 10
    const bodies = Array.from({ length: flood[kind] }, (_, i) => Buffer.from(JSON.stringify({ order_id: orderId, status_code, gross_amount, signature_key, transaction_status: 'settlement', serial: i % different })))
    const outcomes = await Promise.allSettled(bodies.map(raw => w.test.app.payments.receiveWebhook({ gateway: 'midtrans', raw, headers: {} })))
    expect(outcomes.filter(outcome => outcome.status === 'rejected')).toEqual([])
    const [stored] = await w.world.rows<{ rows: number, deliveries: number }>(sql`select count(*)::int as rows, sum(deliveries)::int as deliveries from webhooks where event = 'settlement'`)
    expect(stored).toEqual({ rows: different, deliveries: flood[kind] })
    const work = w.test.app.payments.handlers['payments.webhooks-waiting']
    await Promise.all([work(), work(), work()])
    expect(new Set((await w.hooks(orderId)).map(hook => [hook.status, hook.attempts].join(' ')))).toEqual(new Set(['applied 1']))
    expect((await w.payment(view.id)).status).toBe('settled')
    expect(await w.entries('payment_received', view.id)).toBe(1)
    expect((await w.world.invoice(order.invoiceId)).status).toBe('paid')
  })
})
