import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds } from '../support/app.ts'
import { day, hour } from '../support/billing.ts'
import { clientActor, financeActor, startPaymentWorld, xenditToken } from '../support/payments.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

describe.each(databaseKinds())('payments on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
  })
  afterEach(() => {
    w.midtrans.faults.clear()
  })
  afterAll(() => w.close())

  const receive = (body: unknown, gateway: 'midtrans' | 'xendit' = 'midtrans', headers: Record<string, string> = {}) => w.test.app.payments.receiveWebhook({ gateway, raw: bytes(body), headers })
  const notification = (orderId: string, status: string, amount = '111000.00', code = '200', key = w.midtrans.serverKey) => ({
    order_id: orderId, status_code: code, gross_amount: amount, transaction_status: status, transaction_id: uuidv7(), signature_key: createHash('sha512').update(orderId + code + amount + key).digest('hex'),
  })
  const started = async (method: Parameters<typeof w.start>[1] = 'bca_va') => {
    const order = await w.world.order()
    const view = await w.start(order, method)
    const row = await w.payment(view.id)
    return { ...order, view, row, gatewayOrder: row.gatewayOrderId ?? '' }
  }

  describe('starting', () => {
    it.each([['bca_va', 'bca'], ['bni_va', 'bni'], ['bri_va', 'bri'], ['permata_va', 'permata']] as const)('%s is answered with a virtual account of that bank', async (method, bank) => {
      const { view, row } = await started(method)
      expect(view).toMatchObject({ status: 'pending', method, amount: { amount: '111000', currency: 'IDR' }, instructions: { bank, redirectUrl: null, qrSvg: null } })
      expect(view.instructions?.vaNumber).toMatch(/^\d{10,}$/)
      expect(row.expiresAt?.getTime()).toBe(w.test.clock.now().getTime() + day)
    })

    it('QRIS is answered with a drawn code that lapses after a quarter of an hour', async () => {
      const { view, row } = await started('qris')
      expect(view.instructions?.qrSvg).toMatch(/^<svg /)
      expect(row.expiresAt?.getTime()).toBe(w.test.clock.now().getTime() + hour / 4)
    })

    it('Snap is answered with the address of its page, and the token stays on the server', async () => {
      const { view, row } = await started('snap')
      expect(view.instructions?.redirectUrl).toMatch(/\/snap\/v3\/redirection\//)
      expect(row.instructions?.token).toBeTruthy()
      expect(JSON.stringify(view)).not.toContain('"token"')
    })

    it.each([['id', ''], ['en', '/en']] as const)('a buyer who reads %s comes back from the gateway to the invoice in that language', async (locale, prefix) => {
      const order = await w.world.order()
      await w.test.app.core.database.executor.update(users).set({ locale }).where(eq(users.id, order.clientId))
      const row = await w.payment((await w.start(order, 'snap')).id)
      const session = w.midtrans.state.sessions.find(({ orderId }) => orderId === row.gatewayOrderId)
      expect(new URL(session?.finishUrl ?? '').pathname).toBe(`${prefix}/portal/invoices/${order.invoiceId}`)
    })

    it('the language that the buyer reads just now goes before that of the account', async () => {
      const order = await w.world.order()
      const view = await w.test.app.payments.startPayment({ actor: clientActor(order.clientId), invoiceId: order.invoiceId, method: 'snap', locale: 'en' })
      const row = await w.payment(view.id)
      expect(w.midtrans.state.sessions.find(({ orderId }) => orderId === row.gatewayOrderId)?.finishUrl).toContain('/en/portal/invoices/')
    })

    it('the same method again is answered by the live attempt', async () => {
      const { view, clientId, invoiceId } = await started()
      expect((await w.start({ clientId, invoiceId }, 'bca_va')).id).toBe(view.id)
      expect(await w.paymentsOf(invoiceId)).toHaveLength(1)
    })

    it('another method cancels the live attempt at the gateway first', async () => {
      const { row, clientId, invoiceId, gatewayOrder } = await started()
      const next = await w.start({ clientId, invoiceId }, 'qris')
      expect(next.method).toBe('qris')
      expect((await w.payment(row.id)).status).toBe('failed')
      expect(w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)?.status).toBe('cancel')
      await w.work()
      expect((await w.payment(next.id)).status).toBe('pending')
    })

    it('another method after the first was paid unseen books the payment instead of charging twice', async () => {
      const { row, clientId, invoiceId, gatewayOrder } = await started()
      w.midtrans.faults.set({ loseNotifications: 10 })
      w.midtrans.act.pay(gatewayOrder)
      expect(await codeOf(w.start({ clientId, invoiceId }, 'qris'))).toBe('invoice_not_payable')
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.world.invoice(invoiceId)).status).toBe('paid')
    })

    it('the same invoice with two methods at once has one live attempt', async () => {
      const order = await w.world.order()
      const outcomes = await Promise.all((['bca_va', 'qris', 'snap', 'bni_va'] as const).map(method => codeOf(w.start(order, method))))
      // Each either got an attempt (one that came after another was done replaces it) or was told to wait.
      expect(outcomes.every(outcome => outcome === 'no error' || outcome === 'payment_in_progress')).toBe(true)
      const attempts = await w.paymentsOf(order.invoiceId)
      expect(attempts.map(row => row.status).filter(status => status !== 'failed')).toEqual(['pending'])
      const payable = w.midtrans.state.transactions.filter(t => t.status === 'pending' && attempts.some(row => row.gatewayOrderId === t.orderId))
      const pages = w.midtrans.state.sessions.filter(session => session.canceledAt === null && attempts.some(row => row.gatewayOrderId === session.orderId))
      expect(payable.length + pages.length).toBe(1)
    })

    it('a foreign invoice id is answered exactly like one that does not exist', async () => {
      const { invoiceId } = await w.world.order()
      const stranger = await w.world.client()
      expect(await codeOf(w.start({ clientId: stranger, invoiceId }, 'bca_va'))).toBe('not_found')
      expect(await codeOf(w.start({ clientId: stranger, invoiceId: uuidv7() }, 'bca_va'))).toBe('not_found')
      expect(await w.paymentsOf(invoiceId)).toHaveLength(0)
    })

    it('a paid invoice cannot be paid again', async () => {
      const order = await w.world.order()
      await w.world.pay(order.invoiceId)
      expect(await codeOf(w.start(order, 'bca_va'))).toBe('invoice_not_payable')
    })

    it('gateway down: the buyer is told, the invoice stays payable, and it works once the gateway is back', async () => {
      const order = await w.world.order()
      w.midtrans.faults.set({ failNext: 100, failStatus: 503 })
      expect(await codeOf(w.start(order, 'bca_va'))).toBe('gateway_unavailable')
      expect((await w.world.invoice(order.invoiceId)).status).toBe('issued')
      w.midtrans.faults.clear()
      w.test.clock.advance(2 * 60_000)
      expect((await w.start(order, 'bca_va')).status).toBe('pending')
      expect((await w.paymentsOf(order.invoiceId)).filter(row => row.status === 'pending')).toHaveLength(1)
    })

    it('no attempt is started remotely inside a transaction: its row is there when the gateway is asked (D18)', async () => {
      const order = await w.world.order()
      w.midtrans.faults.set({ failNext: 100, failStatus: 500 })
      await codeOf(w.start(order, 'bca_va'))
      expect((await w.paymentsOf(order.invoiceId)).map(row => row.status)).toEqual(['created'])
    })
  })

  describe('notifications', () => {
    it('a settlement pays the invoice and asks for the build', async () => {
      const { row, invoiceId, serviceId, gatewayOrder } = await started()
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.world.invoice(invoiceId)).status).toBe('paid')
      expect(await w.world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
    })

    it('D5: a settlement replayed a hundred times in parallel makes one ledger entry', async () => {
      const { row, gatewayOrder } = await started()
      w.midtrans.faults.set({ loseNotifications: 10 })
      w.midtrans.act.pay(gatewayOrder)
      const same = notification(gatewayOrder, 'settlement')
      // Half are equal to the byte, half differ in what is not signed, as Midtrans' own repetitions do.
      await Promise.all(Array.from({ length: 100 }, (_, i) => receive(i % 2 ? same : { ...same, transaction_time: `2026-11-02 10:00:${i}` })))
      await w.work()
      expect(await w.entries('payment_received', row.id)).toBe(1)
      const hooks = await w.hooks(gatewayOrder)
      expect(hooks.reduce((sum, hook) => sum + hook.deliveries, 0)).toBe(101)
      expect(hooks.every(hook => hook.status === 'applied')).toBe(true)
    })

    it('D5: an expiry that arrives after the settlement is stored and ignored', async () => {
      const { row, invoiceId, gatewayOrder } = await started()
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      await receive(notification(gatewayOrder, 'expire', '111000.00', '202'))
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.world.invoice(invoiceId)).status).toBe('paid')
      expect((await w.hooks(gatewayOrder)).map(hook => hook.status)).toContain('applied')
    })

    it('D5: duplicates and a reversed order of all notifications end in the same books', async () => {
      w.midtrans.faults.set({ duplicateNotifications: 2, reorderNotifications: 3 })
      const { row, gatewayOrder } = await started()
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
      expect(await w.entries('payment_received', row.id)).toBe(1)
    })

    it('a status that was edited under a valid signature changes nothing: the gateway is asked', async () => {
      const { row, gatewayOrder } = await started()
      await receive(notification(gatewayOrder, 'settlement', '111000.00', '201'))
      await w.work()
      expect((await w.payment(row.id)).status).toBe('pending')
    })

    it('forged webhook: 401, stored as refused, nothing touched', async () => {
      const { row, gatewayOrder } = await started()
      const forged = { ...notification(gatewayOrder, 'settlement', '111000.00', '200', 'not-the-key'), note: uuidv7() }
      expect(await codeOf(receive(forged))).toBe('webhook_refused')
      expect((await w.allHooks('midtrans')).find(hook => hook.body.includes(forged.note))).toMatchObject({ status: 'refused', reason: 'webhook_refused', orderId: null })
      await w.work()
      expect((await w.payment(row.id)).status).toBe('pending')
    })

    it('webhook for an unknown order: stored, parked with its reason, nothing booked', async () => {
      const orderId = `elsewhere-${uuidv7()}`
      await receive(notification(orderId, 'settlement'))
      await w.work()
      expect((await w.hooks(orderId))[0]).toMatchObject({ status: 'parked', reason: 'unknown_order' })
    })

    it('wrong amount or currency: parked, nothing booked', async () => {
      for (const change of [{ amount: 1_000 }, { currency: 'USD' }]) {
        const { row, invoiceId, gatewayOrder } = await started()
        const there = w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)
        if (!there) throw new Error('not charged')
        if ('amount' in change) {
          there.amount = change.amount ?? 0
          w.midtrans.act.pay(gatewayOrder)
        } else {
          w.midtrans.faults.set({ loseNotifications: 10 })
          w.midtrans.act.pay(gatewayOrder)
          Object.assign(there.details, { currency: 'USD' })
          await receive(notification(gatewayOrder, 'settlement'))
        }
        await w.work()
        const hook = (await w.hooks(gatewayOrder)).find(found => found.event === 'settlement')
        expect(hook?.status).toBe('parked')
        expect(hook?.reason).toMatch(/wrong_amount|USD/)
        expect((await w.payment(row.id)).status).toBe('pending')
        expect((await w.world.invoice(invoiceId)).status).toBe('issued')
        expect(await w.entries('payment_received', row.id)).toBe(0)
        w.midtrans.faults.clear()
      }
    })

    it('malformed JSON: 400, stored as refused', async () => {
      const broken = `{"order_id": "${uuidv7()}"`
      expect(await codeOf(receive(broken))).toBe('webhook_unreadable')
      expect((await w.allHooks('midtrans')).find(hook => hook.body === broken)).toMatchObject({ status: 'refused', reason: 'webhook_unreadable' })
    })

    it('an amount that came as a number is unreadable: its signature cannot be checked as received', async () => {
      expect(await codeOf(receive({ ...notification('x', 'settlement'), gross_amount: 111_000 }))).toBe('webhook_unreadable')
    })

    it('a settlement that the bank takes back is reversed: the invoice is owed again', async () => {
      const { row, invoiceId, gatewayOrder } = await started('permata_va')
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      w.midtrans.act.reverse(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('denied')
      expect((await w.world.invoice(invoiceId)).status).toBe('issued')
      expect(await w.entries('payment_reversed', row.id)).toBe(1)
    })

    it('the gateway cannot be asked: the notification waits and is worked on later', async () => {
      const { row, gatewayOrder } = await started()
      w.midtrans.act.pay(gatewayOrder)
      await w.midtrans.notifications.idle(10_000)
      w.midtrans.faults.set({ failNext: 100, failStatus: 503 })
      await w.work()
      expect((await w.payment(row.id)).status).toBe('pending')
      for (const hook of await w.hooks(gatewayOrder)) expect([hook.status, hook.attempts]).toEqual(['verified', 1])
      w.midtrans.faults.clear()
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
    })

    it('a gateway that stays away is asked ever more rarely, and in the end the notification is parked with its reason; a replay asks once more', { timeout: 120_000 }, async () => {
      const { row, gatewayOrder } = await started()
      w.midtrans.act.pay(gatewayOrder)
      await w.midtrans.notifications.idle(10_000)
      w.midtrans.faults.set({ failNext: 10_000, failStatus: 503 })
      await w.work()
      await w.test.app.payments.handlers['payments.webhooks-waiting']()
      const [first] = await w.hooks(gatewayOrder)
      expect([first?.attempts, first?.dueAt]).toEqual([1, new Date(w.test.clock.now().getTime() + 1_000)])
      for (let i = 0; i < 39; i++) {
        w.test.clock.advance(900_000)
        await w.test.app.payments.handlers['payments.webhooks-waiting']()
      }
      for (const hook of await w.hooks(gatewayOrder)) expect(hook).toMatchObject({ status: 'parked', attempts: 40, reason: expect.stringMatching(/^gave_up: .*503/) as string })
      w.midtrans.faults.clear()
      await w.test.app.payments.replayWebhook({ actor: financeActor, id: first?.id ?? '' })
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
    })

    it('who dies while working on a notification leaves it to others after a minute, not before', async () => {
      const { row, gatewayOrder } = await started()
      w.midtrans.act.pay(gatewayOrder)
      await w.midtrans.notifications.idle(10_000)
      const taken = await w.test.app.core.read.webhooks.beginWork({ at: w.test.clock.now(), leaseSeconds: 60, limit: 100 })
      expect(taken.map(hook => hook.orderId)).toContain(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('pending')
      w.test.clock.advance(60_000)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
    })

    it('D8: money for an attempt that had expired is booked, and for a voided invoice becomes client credit without a state jump', async () => {
      const { row, invoiceId, clientId, gatewayOrder } = await started()
      w.midtrans.act.expire(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('expired')
      await w.test.app.billing.voidInvoice({ actor: financeActor, invoiceId, reason: 'withdrawn' })
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.world.invoice(invoiceId)).status).toBe('void')
      expect((await w.test.app.billing.showCredit({ clientId, page: 1, pageSize: 10 })).balance.amount).toBe('111000')
    })

    it('a second payment of one invoice becomes client credit', async () => {
      const { row, invoiceId, clientId, gatewayOrder } = await started()
      await w.world.pay(invoiceId)
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.test.app.billing.showCredit({ clientId, page: 1, pageSize: 10 })).balance.amount).toBe('111000')
    })

    it('a replay by staff works on a parked notification again and is audited; a refused one is not replayed', async () => {
      const orderId = `elsewhere-${uuidv7()}`
      await receive(notification(orderId, 'settlement'))
      await w.work()
      const [hook] = await w.hooks(orderId)
      expect((await w.test.app.payments.replayWebhook({ actor: financeActor, id: hook?.id ?? '' })).status).toBe('verified')
      await w.work()
      expect((await w.hooks(orderId))[0]).toMatchObject({ status: 'parked', attempts: 2 })
      expect((await w.test.app.audit.list({ page: 1, pageSize: 5, entity: 'webhook' })).items[0]).toMatchObject({ action: 'webhook.replay', entityId: hook?.id })
      const refused = (await w.allHooks('midtrans')).find(found => found.status === 'refused')
      expect(await codeOf(w.test.app.payments.replayWebhook({ actor: financeActor, id: refused?.id ?? '' }))).toBe('transition_refused')
    })
  })

  describe('Xendit', () => {
    it('D6: without the callback token nothing is believed, whatever the body names', async () => {
      const { row, invoiceId, gatewayOrder } = await started()
      for (const headers of [{}, { 'x-callback-token': 'guess' }, { 'x-callback-token': '' }]) expect(await codeOf(receive({ id: 'x', external_id: invoiceId, status: 'EXPIRED', note: uuidv7() }, 'xendit', headers as Record<string, string>))).toBe('webhook_refused')
      expect(await codeOf(receive({ event: 'payment_session.completed', data: { reference_id: gatewayOrder } }, 'xendit'))).toBe('webhook_refused')
      await w.work()
      expect((await w.payment(row.id)).status).toBe('pending')
    })

    it('D6: a proven notification is parked with its reason and touches neither invoice nor order', async () => {
      const { row, invoiceId, gatewayOrder } = await started()
      await receive({ event: 'payment_session.completed', data: { reference_id: gatewayOrder, status: 'COMPLETED', amount: 111_000 } }, 'xendit', { 'x-callback-token': xenditToken })
      await w.work()
      const hook = (await w.hooks(gatewayOrder)).find(found => found.gateway === 'xendit')
      expect(hook).toMatchObject({ status: 'parked', event: 'payment_session.completed' })
      expect(hook?.reason).toBe('unknown_order')
      expect(JSON.stringify(hook)).not.toContain(xenditToken)
      expect((await w.payment(row.id)).status).toBe('pending')
      expect((await w.world.invoice(invoiceId)).status).toBe('issued')
    })
  })

  describe('without notifications', () => {
    const reconcile = async () => {
      await w.test.app.payments.handlers['payments.reconcile-due']()
      const due = await w.world.rows<{ id: string }>(sql`delete from pgboss.job where name = 'payments.check-due' and state = 'created' returning data ->> 'paymentId' as id`)
      for (const { id } of due) await w.test.app.payments.handlers['payments.check-due']({ paymentId: id })
      const stray = await w.world.rows<{ id: string }>(sql`delete from pgboss.job where name = 'payments.cancel-due' and state = 'created' returning data ->> 'paymentId' as id`)
      for (const { id } of stray) await w.test.app.payments.handlers['payments.cancel-due']({ paymentId: id })
    }

    it('a settlement whose notifications were all lost is found by asking', async () => {
      const { row, gatewayOrder } = await started()
      w.midtrans.faults.set({ loseNotifications: 10 })
      w.midtrans.act.pay(gatewayOrder)
      w.test.clock.advance(11 * 60_000)
      await reconcile()
      expect((await w.payment(row.id)).status).toBe('settled')
    })

    it('a Snap page that nobody used lapses by our own timer and is closed at the gateway', async () => {
      const { row } = await started('snap')
      w.test.clock.advance(day + 60_000)
      await reconcile()
      expect((await w.payment(row.id)).status).toBe('expired')
      expect(w.midtrans.state.sessions.find(session => session.token === row.instructions?.token)?.canceledAt).not.toBeNull()
    })

    it('an attempt whose invoice was paid otherwise is cancelled at the gateway', async () => {
      const { row, invoiceId, gatewayOrder } = await started()
      await w.world.pay(invoiceId)
      await reconcile()
      expect((await w.payment(row.id)).status).toBe('failed')
      expect(w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)?.status).toBe('cancel')
    })

    it('a start whose answer was lost is found, cancelled, and the next start charges once', async () => {
      const order = await w.world.order()
      w.midtrans.faults.set({ failNext: 100, failStatus: 503 })
      expect(await codeOf(w.start(order, 'bca_va'))).toBe('gateway_unavailable')
      w.midtrans.faults.clear()
      w.test.clock.advance(3 * 60_000)
      await reconcile()
      expect((await w.paymentsOf(order.invoiceId)).map(row => row.status)).toEqual(['failed'])
      expect((await w.start(order, 'bca_va')).status).toBe('pending')
    })
  })

  describe('cancelling', () => {
    it('a live attempt is cancelled at the gateway; doing it again changes nothing', async () => {
      const { row, clientId, invoiceId, gatewayOrder } = await started()
      const cancel = () => w.test.app.payments.cancelPayment({ actor: clientActor(clientId), clientId, invoiceId, paymentId: row.id })
      await cancel()
      await cancel()
      expect((await w.payment(row.id)).status).toBe('failed')
      expect(w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)?.status).toBe('cancel')
    })

    it('a stranger cannot cancel it', async () => {
      const { row, invoiceId } = await started()
      const stranger = await w.world.client()
      expect(await codeOf(w.test.app.payments.cancelPayment({ actor: clientActor(stranger), clientId: stranger, invoiceId, paymentId: row.id }))).toBe('not_found')
      expect((await w.payment(row.id)).status).toBe('pending')
    })
  })
})
