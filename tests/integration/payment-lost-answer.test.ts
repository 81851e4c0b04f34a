import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import { AppError } from '#shared/errors/codes.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import { databaseKinds } from '../support/app.ts'
import { startPaymentWorld } from '../support/payments.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))

describe.each(databaseKinds())('Midtrans did it and its answer was lost, on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
  })
  afterEach(() => w.midtrans.faults.clear())
  afterAll(() => w.close())

  /** What a buyer could pay now for this invoice: charges that wait and Snap pages that are open. */
  async function payable(invoiceId: string) {
    const ours = (await w.paymentsOf(invoiceId)).map(row => row.gatewayOrderId)
    return [...w.midtrans.state.transactions.filter(t => t.status === 'pending'), ...w.midtrans.state.sessions.filter(session => session.canceledAt === null && session.transactionId === null)].map(there => there.orderId).filter(id => ours.includes(id))
  }
  const statuses = async (invoiceId: string) => (await w.paymentsOf(invoiceId)).map(row => row.status)
  /** Works on what waits in these queues, as their workers would. */
  async function jobs(...queues: ('payments.check-due' | 'payments.cancel-due')[]) {
    for (const queue of queues) {
      const due = await w.world.rows<{ id: string }>(sql`delete from pgboss.job where name = ${queue} and state = 'created' returning data ->> 'paymentId' as id`)
      for (const { id } of due) await w.test.app.payments.handlers[queue]({ paymentId: id })
    }
  }
  /** Both tries and every look are carried out there, and nothing of it reaches us. */
  async function lostCharge() {
    const order = await w.world.order()
    w.midtrans.faults.set({ cutAfterAct: 5, match: '^(POST /v2/charge|GET /v2/[^/]+/status)$' })
    expect(await codeOf(w.start(order, 'bca_va'))).toBe('gateway_unavailable')
    w.midtrans.faults.clear()
    const [lost] = await w.paymentsOf(order.invoiceId)
    if (!lost?.gatewayOrderId) throw new Error('the attempt left no row')
    expect(w.midtrans.state.transactions.filter(t => t.orderId === lost.gatewayOrderId)).toHaveLength(1)
    return { ...order, lost, gatewayOrder: lost.gatewayOrderId }
  }
  async function isPaidOnce(invoiceId: string, paymentId: string) {
    expect((await w.world.invoice(invoiceId)).status).toBe('paid')
    expect((await w.payment(paymentId)).status).toBe('settled')
    expect(await w.entries('payment_received', paymentId)).toBe(1)
    const [booked] = await w.world.rows<{ sum: string }>(sql`select coalesce(sum(amount), 0)::text as sum from journal_lines where invoice_id = ${invoiceId} and account = 'gateway_clearing'`)
    expect(booked?.sum).toBe('111000')
  }

  it.each(['bca_va', 'qris', 'snap'] as const)('%s: the same try finds the same charge, the buyer gets its instructions, and what is paid on it is booked once', async (method: GatewayMethod) => {
    const order = await w.world.order()
    w.midtrans.faults.set({ cutAfterAct: 1, match: '^POST (/v2/charge|/snap/v1/transactions)$' })
    const view = await w.start(order, method)
    expect(w.midtrans.faults.current.cutAfterAct).toBe(0)
    expect(view.instructions).not.toBeNull()
    expect((await w.start(order, method)).id).toBe(view.id)
    expect(await payable(order.invoiceId)).toHaveLength(1)
    const gatewayOrder = (await w.payment(view.id)).gatewayOrderId ?? ''
    if (method === 'snap') w.midtrans.act.choose(gatewayOrder, 'bca_va')
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    await isPaidOnce(order.invoiceId, view.id)
  })

  it('Permata, which forgets the Idempotency-Key: the lost charge is cancelled, and the next try leaves one charge to be paid', async () => {
    const order = await w.world.order()
    w.midtrans.faults.set({ cutAfterAct: 1, match: '^POST /v2/charge$' })
    expect(await codeOf(w.start(order, 'permata_va'))).toBe('gateway_unavailable')
    expect(await statuses(order.invoiceId)).toEqual(['failed'])
    expect(await payable(order.invoiceId)).toEqual([])
    const next = await w.start(order, 'permata_va')
    expect(await payable(order.invoiceId)).toEqual([(await w.payment(next.id)).gatewayOrderId])
  })

  it('nothing is known at all: the attempt keeps its row, a second one is refused, and money paid on it is booked once', async () => {
    const { invoiceId, clientId, lost, gatewayOrder } = await lostCharge()
    expect(lost.status).toBe('created')
    expect(await codeOf(w.start({ invoiceId, clientId }, 'bca_va'))).toBe('payment_in_progress')
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    await jobs('payments.check-due')
    w.midtrans.act.notify(gatewayOrder)
    await w.work()
    await isPaidOnce(invoiceId, lost.id)
    expect(await codeOf(w.start({ invoiceId, clientId }, 'bca_va'))).toBe('invoice_not_payable')
    expect(await statuses(invoiceId)).toEqual(['settled'])
  })

  it('nothing is known and no notification comes: the next try finds the money instead of charging again', async () => {
    const { invoiceId, clientId, lost, gatewayOrder } = await lostCharge()
    w.midtrans.faults.set({ loseNotifications: 10 })
    w.midtrans.act.pay(gatewayOrder)
    w.test.clock.advance(61_000)
    expect(await codeOf(w.start({ invoiceId, clientId }, 'qris'))).toBe('invoice_not_payable')
    await isPaidOnce(invoiceId, lost.id)
    expect(await statuses(invoiceId)).toEqual(['settled'])
  })

  it('a later try cancels the lost charge first: one attempt is live; should the lost one be paid all the same, it is booked once and the live one is cancelled', async () => {
    const { invoiceId, clientId, lost, gatewayOrder } = await lostCharge()
    w.test.clock.advance(61_000)
    const next = await w.start({ invoiceId, clientId }, 'bca_va')
    expect(await statuses(invoiceId)).toEqual(['failed', 'pending'])
    expect(await payable(invoiceId)).toEqual([(await w.payment(next.id)).gatewayOrderId])
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    await jobs('payments.check-due', 'payments.cancel-due')
    await isPaidOnce(invoiceId, lost.id)
    expect((await w.payment(next.id)).status).toBe('failed')
    expect(await payable(invoiceId)).toEqual([])
  })
})
