import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { inArray } from 'drizzle-orm'
import { payments } from '#db/schema/index.ts'
import { startMidtransSimulator } from '../../simulators/midtrans/index.ts'
import { startTestApp } from '../support/app.ts'
import { billingWorld } from '../support/billing.ts'
import { clientActor } from '../support/payments.ts'
import type { Line } from './measure.ts'

const percentile = (values: readonly number[], share: number) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN

/**
 * Notifications of distinct payments at half the rate at which they can be booked one by one, through an inbox that workers empty: from the acknowledgement of each until its payment
 * stands booked in the database (looked for every ten milliseconds), the gateway asked in between. Beside it what the same payments take when
 * they are read back and booked one after the other, with nothing in between.
 */
export async function benchBooking(count: number): Promise<Line[]> {
  const midtrans = await startMidtransSimulator({ app: 'http://127.0.0.1:1', now: () => test.clock.now().getTime() })
  const test = await startTestApp({ kind: 'postgres', env: { MIDTRANS_SERVER_KEY: midtrans.serverKey, MIDTRANS_API_URL: midtrans.url, MIDTRANS_SNAP_URL: midtrans.url, DATABASE_POOL_SIZE: '20' } })
  try {
    const { app } = test
    const world = billingWorld(app)
    // Nothing reaches us but what is sent here.
    midtrans.faults.set({ loseNotifications: 1_000_000 })
    const paid = async () => {
      const order = await world.order()
      const { id } = await app.payments.startPayment({ actor: clientActor(order.clientId), invoiceId: order.invoiceId, method: 'bca_va' })
      const [row] = await app.core.database.executor.select().from(payments).where(inArray(payments.id, [id]))
      midtrans.act.pay(row?.gatewayOrderId ?? '')
      return { id, orderId: row?.gatewayOrderId ?? '' }
    }
    const all: Awaited<ReturnType<typeof paid>>[] = []
    for (let i = 0; i < count + count / 5; i++) all.push(await paid())
    const [alone, sent] = [all.slice(0, count / 5), all.slice(count / 5)]
    const begun = performance.now()
    for (const { id } of alone) await app.payments.handlers['payments.check-due']({ paymentId: id })
    const direct = (performance.now() - begun) / alone.length

    const acknowledged = new Map<string, number>()
    const booked = new Map<string, number>()
    const waiting = () => [...acknowledged.keys()].filter(id => !booked.has(id))
    let sending = true
    const watch = (async () => {
      const until = performance.now() + count * direct * 2 + 60_000
      while ((sending || waiting().length > 0) && performance.now() < until) {
        const ids = waiting()
        if (ids.length > 0) {
          const rows = await app.core.database.executor.select({ id: payments.id, status: payments.status }).from(payments).where(inArray(payments.id, ids))
          for (const row of rows) if (row.status === 'settled') booked.set(row.id, performance.now())
        }
        await pause(10)
      }
    })()
    const deliver = async ({ id, orderId }: { id: string, orderId: string }) => {
      const signature_key = createHash('sha512').update(`${orderId}200111000.00${midtrans.serverKey}`).digest('hex')
      await app.payments.receiveWebhook({ gateway: 'midtrans', raw: Buffer.from(JSON.stringify({ order_id: orderId, status_code: '200', gross_amount: '111000.00', signature_key, transaction_status: 'settlement' })), headers: {} })
      acknowledged.set(id, performance.now())
    }
    const deliveries: Promise<void>[] = []
    for (const payment of sent) {
      deliveries.push(deliver(payment))
      await pause(direct * 2)
    }
    await Promise.all(deliveries)
    sending = false
    await watch
    if (booked.size < sent.length) throw new Error(`${booked.size} of ${sent.length} payments were booked`)
    const took = sent.map(({ id }) => (booked.get(id) ?? 0) - (acknowledged.get(id) ?? 0))
    return [{ name: 'webhook acknowledged to booked, p99', value: percentile(took, 0.99), unit: 'ms', atMost: 1000, note: `median ${percentile(took, 0.5).toFixed(0)} ms of ${sent.length}, ${(500 / direct).toFixed(0)} a second; read back and booked one by one ${direct.toFixed(0)} ms each` }]
  } finally {
    await test.close()
    await midtrans.close()
  }
}
