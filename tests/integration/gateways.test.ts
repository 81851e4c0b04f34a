import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import { gatewayMethods } from '#shared/vocabulary/payments.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import saveRules from '../../server/api/admin/gateways/methods.put.ts'
import listGateways from '../../server/api/admin/gateways/index.get.ts'
import type { UserActor } from '#server/platform/http.ts'
import { startXenditSimulator } from '../../simulators/xendit/index.ts'
import { databaseKinds } from '../support/app.ts'
import { notificationShop } from '../support/gateway-shop.ts'
import { serveRoutes } from '../support/http.ts'
import { financeActor, startPaymentWorld, xenditToken } from '../support/payments.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.code : String(error))
const rules = (change: Partial<Record<GatewayMethod, { active?: boolean, minimum?: bigint, maximum?: bigint, fixed?: bigint, basisPoints?: number }>> = {}, order: readonly GatewayMethod[] = gatewayMethods) => order.map(method => ({
  method, active: change[method]?.active ?? true, minimum: change[method]?.minimum === undefined ? null : money(change[method].minimum), maximum: change[method]?.maximum === undefined ? null : money(change[method].maximum), buyerFee: { fixed: money(change[method]?.fixed ?? 0n), basisPoints: change[method]?.basisPoints ?? 0 },
}))

describe.each(databaseKinds())('gateways on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  let xendit: Awaited<ReturnType<typeof startXenditSimulator>>
  let shop: Awaited<ReturnType<typeof notificationShop>>
  beforeAll(async () => {
    shop = await notificationShop()
    xendit = await startXenditSimulator({ app: shop.url, callbackToken: xenditToken })
    w = await startPaymentWorld(kind, { XENDIT_API_URL: xendit.url, XENDIT_SECRET_KEY: xendit.secretKey })
  })
  afterEach(async () => {
    xendit.faults.clear()
    w.midtrans.faults.clear()
    await payments().saveMethodRules({ actor: financeActor, rules: rules() })
    for (const gateway of ['midtrans', 'xendit'] as const) await payments().pauseGateway({ actor: financeActor, gateway, reason: null })
  })
  afterAll(async () => {
    await w.close()
    await xendit.close()
    await shop.close()
  })
  const payments = () => w.test.app.payments
  const offered = async (amount = 111_000n) => (await payments().paymentMethods(money(amount))).map(({ method }) => method)
  /** What Xendit sent about an order reaches us, and is worked on. */
  async function deliver(orderId: string) {
    await xendit.notifications.idle()
    for (const delivery of shop.about(orderId)) await payments().receiveWebhook({ gateway: 'xendit', ...delivery })
    await w.work()
  }
  const started = async () => {
    const order = await w.world.order()
    const view = await w.start(order, 'xendit')
    const row = await w.payment(view.id)
    return { ...order, view, row, orderId: row.gatewayOrderId ?? '' }
  }

  describe('Xendit', () => {
    it('an invoice is paid on Xendit\'s page: both events, doubled and turned around, book it once', async () => {
      const { view, row, invoiceId, orderId } = await started()
      expect(view).toMatchObject({ status: 'pending', gateway: 'xendit', instructions: { redirectUrl: expect.stringContaining('/pay/') as string } })
      expect(JSON.stringify(view)).not.toContain(row.gatewayTransactionId ?? 'ps-')
      xendit.faults.set({ duplicateNotifications: 2, reorderNotifications: 4 })
      xendit.act.pay(orderId)
      await deliver(orderId)
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.world.invoice(invoiceId)).status).toBe('paid')
      expect(await w.entries('payment_received', row.id)).toBe(1)
      const hooks = await w.hooks(orderId)
      expect(hooks.map(hook => [hook.event, hook.status, hook.deliveries]).sort()).toEqual([['payment.capture', 'applied', 2], ['payment_session.completed', 'applied', 2]])
      expect(hooks.every(hook => typeof hook.headers['webhook-id'] === 'string' && !('x-callback-token' in hook.headers))).toBe(true)
    })

    it('a status claimed under the true token changes nothing: Xendit is asked', async () => {
      const { row, orderId } = await started()
      xendit.faults.set({ tamperNotifications: 'status' })
      xendit.act.fail(orderId)
      await deliver(orderId)
      expect((await w.payment(row.id)).status).toBe('pending')
    })

    it('a settlement whose webhooks were all lost is found by asking, and one that lapsed is closed', async () => {
      const [paid, lapsed] = [await started(), await started()]
      xendit.faults.set({ loseNotifications: 10 })
      xendit.act.pay(paid.orderId)
      xendit.act.expire(lapsed.orderId)
      for (const { row } of [paid, lapsed]) await payments().handlers['payments.check-due']({ paymentId: row.id })
      expect([(await w.payment(paid.row.id)).status, (await w.payment(lapsed.row.id)).status]).toEqual(['settled', 'expired'])
    })

    it('a start whose answer was lost leaves nothing that a buyer could pay, the next start works, and money that a stranger pays on the lost session is booked once', async () => {
      const order = await w.world.order()
      xendit.faults.set({ cutAfterAct: 1, match: '^POST /sessions$' })
      expect(await codeOf(w.start(order, 'xendit'))).toBe('gateway_unavailable')
      xendit.faults.clear()
      const [lost] = await w.paymentsOf(order.invoiceId)
      expect(lost?.status).toBe('failed')
      expect(xendit.state.sessions.filter(session => session.referenceId === lost?.gatewayOrderId)).toHaveLength(1)
      const next = await w.start(order, 'xendit')
      expect(next.status).toBe('pending')
      xendit.act.pay(lost?.gatewayOrderId ?? '')
      await deliver(lost?.gatewayOrderId ?? '')
      expect((await w.payment(lost?.id ?? '')).status).toBe('settled')
      expect(await w.entries('payment_received', lost?.id ?? '')).toBe(1)
      expect((await w.world.invoice(order.invoiceId)).status).toBe('paid')
    })

    it('a refund by Xendit is booked when the bank has confirmed, once; one that the bank refuses after all frees its amount; one made on the dashboard is found', async () => {
      const { row, invoiceId, orderId, clientId } = await started()
      xendit.act.pay(orderId, 'QRIS')
      await deliver(orderId)
      const ask = (amount: bigint) => payments().requestRefund({ paymentId: row.id, kind: 'gateway', consequence: 'reopen', amount: money(amount), reason: 'asked for', transfer: null, actor: financeActor })
      const send = (refundId: string) => payments().handlers['payments.refund-due']({ refundId })
      const state = (refundId: string) => payments().showRefund({ refundId, actor: financeActor }).then(({ status, problem }) => [status, problem])
      const owed = async () => (await w.test.app.core.read.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
      xendit.faults.set({ refunds: 'hold' })
      const held = await ask(11_000n)
      await send(held)
      expect([await state(held), await owed()]).toEqual([['pending', null], 0n])
      xendit.act.confirm(orderId)
      await deliver(orderId)
      await deliver(orderId)
      expect([await state(held), await owed(), await w.entries('refund', held)]).toEqual([['done', null], 11_000n, 1])
      xendit.faults.set({ refunds: 'fail' })
      const refused = await ask(100_000n)
      await send(refused)
      expect(await state(refused)).toEqual(['failed', expect.stringContaining('ACCOUNT_NOT_FOUND')])
      xendit.faults.clear()
      xendit.act.refund(orderId, 50_000)
      await deliver(orderId)
      expect((await payments().listRefunds({ page: 1, pageSize: 10, invoiceId, actor: financeActor })).items.filter(item => item.found)).toMatchObject([{ status: 'done', amount: { amount: '50000' } }])
      expect([await owed(), (await w.payment(row.id)).status, await w.world.mails('payment_refunded', clientId)]).toMatchObject([61_000n, 'settled', [{}, {}]])
    })

    it('race: one invoice is paid at two gateways at once: each payment is booked once, one of them pays it, the other is credit', async () => {
      // Several invoices, so that the two payments of at least one are booked at the very same moment.
      const races = []
      for (let i = 0; i < 5; i++) {
        const { row, clientId, invoiceId, orderId } = await started()
        const other = await w.start({ clientId, invoiceId }, 'bca_va')
        xendit.act.pay(orderId)
        w.midtrans.act.pay((await w.payment(other.id)).gatewayOrderId ?? '')
        races.push({ row, other, clientId, invoiceId, orderId })
      }
      await Promise.all([xendit.notifications.idle(), w.midtrans.notifications.idle(10_000)])
      for (const { orderId } of races) for (const delivery of shop.about(orderId)) await payments().receiveWebhook({ gateway: 'xendit', ...delivery })
      const read = (paymentId: string) => payments().handlers['payments.check-due']({ paymentId })
      const inbox = () => payments().handlers['payments.webhooks-waiting']()
      await Promise.all(races.flatMap(({ row, other }) => [read(other.id), read(row.id), read(other.id), read(row.id)]))
      await Promise.all([inbox(), inbox()])
      for (const { row, other, clientId, invoiceId } of races) {
        expect([(await w.payment(row.id)).status, (await w.payment(other.id)).status, (await w.world.invoice(invoiceId)).status]).toEqual(['settled', 'settled', 'paid'])
        expect([await w.entries('payment_received', row.id), await w.entries('payment_received', other.id), await w.test.app.core.read.ledger.credit(clientId)]).toEqual([1, 1, 111_000n])
      }
    })

    it('choosing another method cancels the session first', async () => {
      const { row, clientId, invoiceId, orderId } = await started()
      expect((await w.start({ clientId, invoiceId }, 'bca_va')).status).toBe('pending')
      expect((await w.payment(row.id)).status).toBe('failed')
      expect(xendit.state.sessions.find(session => session.referenceId === orderId)?.status).toBe('CANCELED')
    })
  })

  describe('what Finance sets', () => {
    it('buyers are offered active methods that fit the amount, in the order that was set', async () => {
      expect(await offered()).toEqual([...gatewayMethods])
      const order: GatewayMethod[] = ['xendit', ...gatewayMethods.filter(method => method !== 'xendit')]
      await payments().saveMethodRules({ actor: financeActor, rules: rules({ qris: { maximum: 100_000n }, snap: { minimum: 111_000n }, gopay: { active: false } }, order) })
      expect((await offered()).slice(0, 2)).toEqual(['xendit', 'bca_va'])
      expect(await offered()).toContain('snap')
      expect(await offered()).not.toContain('gopay')
      expect(await offered()).not.toContain('qris')
      expect(await offered(100_000n)).toContain('qris')
      expect(await offered(100_000n)).not.toContain('snap')
    })

    it('a method that is off or does not fit cannot be started, whatever the browser asks for; a live attempt of it goes on', async () => {
      const order = await w.world.order()
      const live = await w.start(order, 'qris')
      await payments().saveMethodRules({ actor: financeActor, rules: rules({ qris: { maximum: 1_000n }, gopay: { active: false } }) })
      expect((await w.start(order, 'qris')).id).toBe(live.id)
      const other = await w.world.order()
      for (const method of ['qris', 'gopay'] as const) expect(await codeOf(w.start(other, method))).toBe('method_unavailable')
      expect(await w.paymentsOf(other.invoiceId)).toHaveLength(0)
    })

    it('a fee passed on to the buyer is asked for with the invoice, invoiced by itself with its PPN, and paid by the same money; the live attempt keeps the fee it was started with', async () => {
      const fee = { bca_va: { fixed: 4_000n, basisPoints: 50 } }
      await payments().saveMethodRules({ actor: financeActor, rules: rules(fee) })
      // 4,000 and 0.5 % of 111,000 are 4,555; with 11 % of PPN 5,056.
      expect((await payments().paymentMethods(money(111_000n))).find(({ method }) => method === 'bca_va')?.fee).toEqual(money(5_056n))
      const order = await w.world.order()
      const view = await w.start(order, 'bca_va')
      expect(view).toMatchObject({ amount: { amount: '116056' }, fee: { amount: '5056' } })
      await payments().saveMethodRules({ actor: financeActor, rules: rules({ bca_va: { fixed: 9_000n } }) })
      expect((await w.start(order, 'bca_va')).id).toBe(view.id)
      const row = await w.payment(view.id)
      w.midtrans.act.pay(row.gatewayOrderId ?? '')
      await w.work()
      await w.work()
      expect((await w.world.invoice(order.invoiceId)).status).toBe('paid')
      const paid = await w.payment(view.id)
      const own = await w.world.invoice(paid.feeInvoiceId ?? '')
      expect(own).toMatchObject({ status: 'paid', taxable: 4_555n, total: 5_056n, clientId: order.clientId })
      expect(await w.test.app.core.read.ledger.credit(order.clientId)).toBe(0n)
      expect(await w.world.rows<{ n: number }>(sql`select count(*)::int as n from invoices where client_id = ${order.clientId}`)).toEqual([{ n: 2 }])
    })

    it('a payment with a fee that the bank takes back leaves its invoice owed as before, the fee credited, and no credit', async () => {
      await payments().saveMethodRules({ actor: financeActor, rules: rules({ permata_va: { fixed: 4_000n } }) })
      const order = await w.world.order()
      const row = await w.payment((await w.start(order, 'permata_va')).id)
      w.midtrans.act.pay(row.gatewayOrderId ?? '')
      await w.work()
      const { feeInvoiceId } = await w.payment(row.id)
      w.midtrans.act.reverse(row.gatewayOrderId ?? '')
      await w.work()
      expect((await w.payment(row.id)).status).toBe('denied')
      const owed = await w.test.app.core.read.ledger.outstanding([order.invoiceId, feeInvoiceId ?? ''])
      expect([owed.get(order.invoiceId), owed.get(feeInvoiceId ?? '') ?? 0n, await w.test.app.core.read.ledger.credit(order.clientId)]).toEqual([111_000n, 0n, 0n])
    })

    describe('a payment with a fee goes back whole', () => {
      const settled = async () => {
        await payments().saveMethodRules({ actor: financeActor, rules: rules({ qris: {}, gopay: { fixed: 4_000n } }) })
        const order = await w.world.order()
        const row = await w.payment((await w.start(order, 'gopay')).id)
        w.midtrans.act.pay(row.gatewayOrderId ?? '')
        await w.work()
        const feeInvoiceId = (await w.payment(row.id)).feeInvoiceId ?? ''
        return { ...order, paymentId: row.id, gatewayOrder: row.gatewayOrderId ?? '', feeInvoiceId }
      }
      const books = async ({ invoiceId, feeInvoiceId, clientId }: { invoiceId: string, feeInvoiceId: string, clientId: string }) => {
        const owed = await w.test.app.core.read.ledger.outstanding([invoiceId, feeInvoiceId])
        const [suspense] = await w.world.rows<{ sum: string }>(sql`select coalesce(sum(l.amount), 0)::text as sum from journal_lines l where l.account = 'suspense'`)
        return { owed: owed.get(invoiceId) ?? 0n, feeOwed: owed.get(feeInvoiceId) ?? 0n, credit: await w.test.app.core.read.ledger.credit(clientId), suspense: suspense?.sum }
      }

      it('by a charge-back: the fee is credited for it, nothing waits for Finance; won, the fee is taken again', async () => {
        const shop = await settled()
        w.midtrans.act.chargeback(shop.gatewayOrder)
        await w.work()
        expect(await books(shop)).toEqual({ owed: 111_000n, feeOwed: 0n, credit: 0n, suspense: '0' })
        expect(await w.payment(shop.paymentId)).toMatchObject({ status: 'charged_back', feeInvoiceId: null })
        const [refund] = (await payments().listRefunds({ page: 1, pageSize: 20, invoiceId: shop.invoiceId, actor: financeActor })).items
        await payments().winChargeback({ refundId: refund?.id ?? '', actor: financeActor, reason: 'bank agreed' })
        const again = (await w.payment(shop.paymentId)).feeInvoiceId ?? ''
        expect(again).not.toBe(shop.feeInvoiceId)
        expect(await w.world.invoice(again)).toMatchObject({ status: 'paid', total: 4_440n })
        expect(await books({ ...shop, feeInvoiceId: again })).toEqual({ owed: 0n, feeOwed: 0n, credit: 0n, suspense: '0' })
      })

      it('by our refund in two parts: the last one takes the fee; as credit it is not given twice', async () => {
        const shop = await settled()
        const ask = (amount: bigint, kind: 'gateway' | 'credit' = 'gateway') => payments().requestRefund({ paymentId: shop.paymentId, kind, consequence: 'reopen', amount: money(amount), reason: 'client asked', transfer: null, actor: financeActor })
        expect(await codeOf(ask(115_440n, 'credit'))).toBe('refund_not_covered')
        for (const amount of [50_000n, 65_440n]) {
          await payments().handlers['payments.refund-due']({ refundId: await ask(amount) })
          await w.work()
        }
        expect((await w.payment(shop.paymentId)).status).toBe('refunded')
        expect(await books(shop)).toEqual({ owed: 111_000n, feeOwed: 0n, credit: 0n, suspense: '0' })
      })
    })

    it('money that comes for an invoice that is paid already is credit whole: no fee is taken of it', async () => {
      await payments().saveMethodRules({ actor: financeActor, rules: rules({ bca_va: { fixed: 4_000n } }) })
      const order = await w.world.order()
      const row = await w.payment((await w.start(order, 'bca_va')).id)
      await w.world.pay(order.invoiceId)
      w.midtrans.act.pay(row.gatewayOrderId ?? '')
      await w.work()
      expect([(await w.payment(row.id)).feeInvoiceId, await w.test.app.core.read.ledger.credit(order.clientId)]).toEqual([null, 115_440n])
    })

    it('a paused gateway takes no new attempt, while its notifications are believed and its payments booked', async () => {
      const { row, invoiceId, orderId } = await started()
      await payments().pauseGateway({ actor: financeActor, gateway: 'xendit', reason: 'Gangguan di Xendit' })
      expect(await offered()).not.toContain('xendit')
      expect(await codeOf(w.start(await w.world.order(), 'xendit'))).toBe('method_unavailable')
      xendit.act.pay(orderId)
      await deliver(orderId)
      expect((await w.payment(row.id)).status).toBe('settled')
      expect((await w.world.invoice(invoiceId)).status).toBe('paid')
      const view = await payments().listGateways()
      expect(view.gateways.find(gateway => gateway.gateway === 'xendit')).toMatchObject({ pausedReason: 'Gangguan di Xendit', pausedAt: expect.any(String) as string })
      expect((await w.test.app.audit.list({ page: 1, pageSize: 1, entity: 'gateway' })).items[0]).toMatchObject({ action: 'gateway.pause', entityId: 'xendit' })
    })

    it('stored credentials are sealed, go before the environment\'s, are shown nowhere, and deleted the environment\'s count again', async () => {
      const secret = 'xnd_production_not_the_right_one'
      const view = await payments().saveCredentials({ actor: financeActor, gateway: 'xendit', given: { apiKey: secret } })
      expect(view.gateways.find(gateway => gateway.gateway === 'xendit')?.credentials).toEqual([{ name: 'apiKey', source: 'stored' }, { name: 'notificationSecret', source: 'environment' }])
      const [row] = await w.world.rows<{ key: string }>(sql`select api_key as key from gateway_settings where gateway = 'xendit'`)
      expect(row?.key).toMatch(/^v1\./)
      expect(row?.key).not.toContain(secret)
      const audit = await w.test.app.audit.list({ page: 1, pageSize: 50, entity: 'gateway' })
      expect(JSON.stringify([view, audit])).not.toContain(secret)
      expect(await codeOf(w.start(await w.world.order(), 'xendit'))).toBe('gateway_unavailable')
      const failed = await payments().testGateway({ actor: financeActor, gateway: 'xendit' })
      expect(failed.ok).toBe(false)
      expect(JSON.stringify(failed)).not.toContain(secret)
      await payments().saveCredentials({ actor: financeActor, gateway: 'xendit', given: { apiKey: null } })
      expect(await payments().testGateway({ actor: financeActor, gateway: 'xendit' })).toMatchObject({ ok: true })
      expect((await w.start(await w.world.order(), 'xendit')).status).toBe('pending')
    })

    it('a changed callback token counts at once: the old one proves nothing any more', async () => {
      const { orderId } = await started()
      const body = { raw: Buffer.from(JSON.stringify({ event: 'payment_session.expired', data: { reference_id: orderId } })), gateway: 'xendit' as const }
      await payments().saveCredentials({ actor: financeActor, gateway: 'xendit', given: { notificationSecret: 'another-callback-token' } })
      expect(await codeOf(payments().receiveWebhook({ ...body, headers: { 'x-callback-token': xenditToken } }))).toBe('webhook_refused')
      expect(await codeOf(payments().receiveWebhook({ ...body, headers: { 'x-callback-token': 'another-callback-token' } }))).toBe('no error')
      await payments().saveCredentials({ actor: financeActor, gateway: 'xendit', given: { notificationSecret: null } })
    })

    it('of Midtrans the server key signs where no signature key is set, and a test asks it live without charging', async () => {
      const view = await payments().listGateways()
      expect(view.gateways.find(gateway => gateway.gateway === 'midtrans')?.credentials).toEqual([{ name: 'apiKey', source: 'environment' }, { name: 'notificationSecret', source: 'apiKey' }])
      const before = w.midtrans.state.transactions.length
      expect(await payments().testGateway({ actor: financeActor, gateway: 'midtrans' })).toMatchObject({ ok: true, checks: [{ check: 'api', ok: true }, { check: 'page', ok: true }, { check: 'notifications', ok: true }] })
      expect(w.midtrans.state.transactions).toHaveLength(before)
    })

    it('over HTTP: Finance alone; rules that leave a method out, name one twice or turn the bounds around are refused whole', async () => {
      let actor: UserActor = financeActor
      const server = await serveRoutes(w.test.app, [['get', '/api/admin/gateways', listGateways], ['put', '/api/admin/gateways/methods', saveRules]], (event) => {
        event.context.actor = actor
      })
      const put = async (methods: unknown) => (await fetch(`${server.url}/api/admin/gateways/methods`, { method: 'PUT', body: JSON.stringify({ methods }) })).status
      const plain = gatewayMethods.map(method => ({ method, active: true }))
      expect(await put(plain)).toBe(200)
      expect(await put(plain.slice(1))).toBe(422)
      expect(await put([...plain.slice(1), plain[1]])).toBe(422)
      expect(await put(plain.map(rule => rule.method === 'qris' ? { ...rule, buyerFee: { fixed: { amount: '1', currency: 'IDR' }, basisPoints: 0 } } : rule))).toBe(422)
      expect(await put([{ ...plain[0], minimum: { amount: '2000', currency: 'IDR' }, maximum: { amount: '1000', currency: 'IDR' } }, ...plain.slice(1)])).toBe(422)
      for (const role of ['business', 'sysadmin', 'client'] as const) {
        actor = { ...financeActor, role }
        expect([await put(plain), (await fetch(`${server.url}/api/admin/gateways`)).status]).toEqual([403, 403])
      }
      await server.close()
    })
  })
})
