import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DriverError } from '#shared/errors/driver-error.ts'
import { money } from '#shared/money/money.ts'
import type { GatewayMethod } from '#shared/vocabulary/payments.ts'
import type { UserActor } from '#server/platform/http.ts'
import { databaseKinds } from '../support/app.ts'
import { day } from '../support/billing.ts'
import { clientActor, financeActor, startPaymentWorld } from '../support/payments.ts'

const second: UserActor = { ...financeActor, id: '01900000-0000-7000-8000-0000000000f2', name: 'Second' }

describe.each(databaseKinds())('money that goes back on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
  })
  afterEach(() => w.midtrans.faults.clear())
  afterAll(() => w.close())

  const pay = () => w.test.app.payments
  async function settled(method: GatewayMethod = 'qris', prices: bigint[] = [100_000n]) {
    const order = await w.world.order({ prices })
    const view = await w.start(order, method)
    const gatewayOrder = (await w.payment(view.id)).gatewayOrderId ?? ''
    w.midtrans.act.pay(gatewayOrder)
    await w.work()
    return { ...order, paymentId: view.id, gatewayOrder }
  }
  const ask = (paymentId: string, more: Partial<Parameters<ReturnType<typeof pay>['requestRefund']>[0]> = {}) => pay().requestRefund({ paymentId, kind: 'gateway', consequence: 'reopen', amount: money(111_000), reason: 'client asked', transfer: null, actor: financeActor, ...more })
  const send = (refundId: string) => pay().handlers['payments.refund-due']({ refundId })
  const refund = (refundId: string) => pay().showRefund({ refundId, actor: second })
  const owed = async (invoiceId: string) => (await w.test.app.core.read.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
  const credit = (clientId: string) => w.test.app.core.read.ledger.credit(clientId)
  const codeOf = (promise: Promise<unknown>) => promise.then(() => 'ok', (error: { code?: string }) => error.code ?? String(error))
  const refundsOf = async (invoiceId: string) => (await pay().listRefunds({ page: 1, pageSize: 20, invoiceId, actor: financeActor })).items
  const booked = async (causeId: string) => Object.fromEntries((await w.world.rows<{ account: string, amount: string }>(sql`select l.account, l.amount::text as amount from journal_lines l join journal_entries e on e.id = l.entry_id where e.cause_id = ${causeId} and e.cause in ('refund', 'payment_reversed', 'credit_refund')`)).map(row => [row.account, Number(row.amount)]))
  const audited = async () => {
    w.test.clock.advance(1_000)
    await w.test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    return (await w.test.app.billing.listLedgerAudits({ page: 1, pageSize: 1 })).items[0]?.findings
  }

  describe('by the gateway', () => {
    it('refund: it is booked when the bank has confirmed, not when the gateway took it; the invoice is owed again, once', async () => {
      const { invoiceId, clientId, paymentId, gatewayOrder } = await settled()
      w.midtrans.faults.set({ holdRefunds: true })
      const id = await ask(paymentId)
      await send(id)
      await w.work()
      expect((await refund(id)).status).toBe('pending')
      expect((await w.world.invoice(invoiceId)).status).toBe('paid')
      w.midtrans.act.confirm(gatewayOrder)
      await w.work()
      await send(id)
      await w.work()
      expect((await refund(id)).status).toBe('done')
      expect((await w.payment(paymentId)).status).toBe('refunded')
      expect([(await w.world.invoice(invoiceId)).status, await owed(invoiceId)]).toEqual(['issued', 111_000n])
      expect(await booked(id)).toEqual({ receivable: 111_000, gateway_clearing: -111_000 })
      expect(await w.world.mails('payment_refunded', clientId)).toHaveLength(1)
      expect((await pay().listInvoiceRefunds({ invoiceId, clientId })).items).toMatchObject([{ status: 'done', kind: 'gateway' }])
    })

    it('the answer to a refund is lost: it is read back, and nothing is given back twice', async () => {
      const { paymentId, gatewayOrder } = await settled()
      const id = await ask(paymentId, { amount: money(11_000) })
      w.midtrans.faults.set({ cutAfterAct: 1, match: '^POST /v2/[^/]+/refund$' })
      await expect(send(id)).rejects.toMatchObject({ kind: 'unknown_outcome' })
      w.midtrans.faults.clear()
      await send(id)
      expect((await refund(id)).status).toBe('done')
      expect(w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)?.refunds).toHaveLength(1)
      expect((await w.payment(paymentId)).status).toBe('settled')
    })

    it('the gateway is down: the job tries again with the same key; a refusal for good frees the amount and is told', async () => {
      const { paymentId, gatewayOrder } = await settled()
      const id = await ask(paymentId)
      w.midtrans.faults.set({ down: true })
      await expect(send(id)).rejects.toBeInstanceOf(DriverError)
      w.midtrans.faults.clear()
      const there = w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)
      if (!there) throw new Error('not charged')
      there.paymentType = 'bank_transfer'
      await send(id)
      expect(await refund(id)).toMatchObject({ status: 'failed', problem: expect.stringContaining('412') as string })
      expect((await pay().listRefunds({ page: 1, pageSize: 50, attention: true, actor: financeActor })).items.map(item => item.id)).toContain(id)
      await ask(paymentId, { kind: 'credit', consequence: 'keep' })
    })

    it('a virtual account and a lapsed window say why it cannot, and are refused', async () => {
      const va = await settled('bca_va')
      expect((await pay().showRefundable(va)).payments).toMatchObject([{ byGateway: { possible: false, bar: 'method' }, left: { amount: '111000' } }])
      expect(await codeOf(ask(va.paymentId))).toBe('refund_method_unavailable')
      const qris = await settled()
      expect((await pay().showRefundable(qris)).payments).toMatchObject([{ byGateway: { possible: true, bar: null } }])
      w.test.clock.advance(8 * day)
      expect((await pay().showRefundable(qris)).payments).toMatchObject([{ byGateway: { possible: false, bar: 'window' } }])
      expect(await codeOf(ask(qris.paymentId))).toBe('refund_method_unavailable')
    })

    it('made on the gateway\'s dashboard, in two parts: found, booked once each, and told to Finance', async () => {
      const { invoiceId, paymentId, gatewayOrder } = await settled()
      w.midtrans.act.refund(gatewayOrder, 11_000)
      await w.work()
      expect(await owed(invoiceId)).toBe(11_000n)
      w.midtrans.act.refund(gatewayOrder)
      await w.work()
      await w.work()
      const found = await refundsOf(invoiceId)
      expect(found.map(item => [item.found, item.status, item.amount.amount, item.noted])).toEqual([[true, 'done', '100000', false], [true, 'done', '11000', false]])
      expect((await w.payment(paymentId)).status).toBe('refunded')
      await pay().noteRefund({ refundId: found[0]?.id ?? '', actor: financeActor })
      expect((await refundsOf(invoiceId))[0]?.noted).toBe(true)
    })
  })

  describe('to credit and by hand', () => {
    it('goodwill as credit stays with the house: the invoice stays paid, the client has the credit', async () => {
      const { invoiceId, clientId, paymentId } = await settled('bca_va')
      const id = await ask(paymentId, { kind: 'credit', consequence: 'keep', amount: money(50_000) })
      expect(await booked(id)).toEqual({ expenses: 50_000, client_credit: -50_000 })
      expect([(await w.world.invoice(invoiceId)).status, await credit(clientId)]).toEqual(['paid', 50_000n])
    })

    it('by a transfer: overpaid credit goes first, the rest is owed again; the same transfer is booked once', async () => {
      const order = await w.world.order()
      await w.test.app.billing.recordManualPayment({ invoiceId: order.invoiceId, amount: money(150_000), receivedOn: '2026-11-01', reference: `BCA ${order.orderId}`, actor: financeActor })
      const [payment] = await w.paymentsOf(order.invoiceId)
      const transfer = { reference: 'OUT 1', paidOn: '2026-11-01' }
      const id = await ask(payment?.id ?? '', { kind: 'manual', amount: money(50_000), transfer })
      expect(await booked(id)).toEqual({ client_credit: 39_000, receivable: 11_000, bank: -50_000 })
      expect(await codeOf(ask(payment?.id ?? '', { kind: 'manual', amount: money(50_000), transfer }))).toBe('transfer_known')
    })

    it('of twenty refunds at once never more goes back than was settled', async () => {
      const { paymentId } = await settled('bca_va')
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => codeOf(ask(paymentId, { kind: 'credit', consequence: 'keep', amount: money(20_000) }))))
      expect([outcomes.filter(code => code === 'ok').length, outcomes.filter(code => code === 'refund_exceeds').length]).toEqual([5, 15])
      await expect(w.world.rows(sql`insert into refunds (id, payment_id, client_id, kind, status, consequence, amount, reason, requested_by_name, created_at) select gen_random_uuid(), id, client_id, 'credit', 'requested', 'keep', 20000, 'past us', 'x', now() from payments where id = ${paymentId}`)).rejects.toThrow()
    })

    it('a large one waits for a second person, who is not the first; declined it moves nothing', async () => {
      const { clientId, paymentId } = await settled('bca_va', [6_000_000n])
      const large = { kind: 'credit', consequence: 'keep', amount: money(5_000_001) } as const
      const first = await ask(paymentId, large)
      expect([await credit(clientId), (await refund(first)).waits]).toEqual([0n, true])
      expect(await codeOf(pay().approveRefund({ refundId: first, actor: financeActor }))).toBe('second_person_required')
      await pay().declineRefund({ refundId: first, actor: second, reason: 'too much' })
      expect(await codeOf(pay().approveRefund({ refundId: first, actor: second }))).toBe('transition_refused')
      const again = await ask(paymentId, large)
      await pay().approveRefund({ refundId: again, actor: second })
      expect([await credit(clientId), (await refund(again)).approvedByName]).toEqual([5_000_001n, 'Second'])
    })

    it('unused credit is paid out once, and never more than there is', async () => {
      const { clientId, paymentId } = await settled('bca_va')
      await ask(paymentId, { kind: 'credit', consequence: 'keep', amount: money(60_000) })
      const out = (amount: number, reference: string) => pay().requestCreditPayout({ clientId, amount: money(amount), reason: 'client leaves', reference, paidOn: '2026-11-01', actor: financeActor })
      const id = await out(40_000, 'OUT 7')
      expect(await booked(id)).toEqual({ client_credit: 40_000, bank: -40_000 })
      expect([await codeOf(out(40_000, 'OUT 8')), await codeOf(out(20_001, 'OUT 9')), await credit(clientId)]).toEqual(['credit_insufficient', 'credit_insufficient', 20_000n])
      expect(await w.world.mails('credit_paid_out', clientId)).toHaveLength(1)
    })
  })

  describe('taken back by the bank', () => {
    it('chargeback: booked once, the invoice is owed again, client and Finance are told, and no money leaves to this client until it is settled', async () => {
      const { invoiceId, clientId, paymentId, gatewayOrder } = await settled()
      const other = await w.world.order({ clientId })
      await w.test.app.billing.recordManualPayment({ invoiceId: other.invoiceId, amount: money(200_000), receivedOn: '2026-11-01', reference: `BCA ${other.orderId}`, actor: financeActor })
      w.midtrans.act.chargeback(gatewayOrder)
      await w.work()
      await w.work()
      const [row] = await refundsOf(invoiceId)
      expect(row).toMatchObject({ kind: 'chargeback', status: 'done', found: true, noted: false })
      expect([(await w.payment(paymentId)).status, (await w.world.invoice(invoiceId)).status, await owed(invoiceId)]).toEqual(['charged_back', 'issued', 111_000n])
      expect(await booked(row?.id ?? '')).toEqual({ receivable: 111_000, gateway_clearing: -111_000 })
      expect(await w.world.mails('payment_charged_back', clientId)).toHaveLength(1)
      expect(await codeOf(pay().requestCreditPayout({ clientId, amount: money(1_000), reason: 'wants it', reference: 'OUT 20', paidOn: '2026-11-01', actor: financeActor }))).toBe('client_frozen')
      await pay().winChargeback({ refundId: row?.id ?? '', actor: financeActor, reason: 'bank agreed' })
      expect([(await w.payment(paymentId)).status, (await w.world.invoice(invoiceId)).status]).toEqual(['settled', 'paid'])
      await pay().requestCreditPayout({ clientId, amount: money(1_000), reason: 'wants it', reference: 'OUT 21', paidOn: '2026-11-01', actor: financeActor })
    })

    it('partial chargeback: only the part is owed again, and the payment stays settled', async () => {
      const { invoiceId, paymentId, gatewayOrder } = await settled()
      w.midtrans.act.chargeback(gatewayOrder, 40_000)
      await w.work()
      expect([(await w.payment(paymentId)).status, await owed(invoiceId)]).toEqual(['settled', 40_000n])
      expect((await pay().showRefundable({ invoiceId })).payments[0]?.left.amount).toBe('71000')
    })

    it('what the bank took back is not given back once more: a refund that was not sent yet is given up with its reason, one that waits for a second person is refused', async () => {
      const { paymentId, gatewayOrder, invoiceId } = await settled()
      const id = await ask(paymentId)
      w.midtrans.act.chargeback(gatewayOrder, 40_000)
      await w.work()
      await send(id)
      expect(await refund(id)).toMatchObject({ status: 'failed', problem: 'exceeds' })
      expect(w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)?.refunds).toHaveLength(1)
      expect(await owed(invoiceId)).toBe(40_000n)
      const large = await settled('qris', [6_000_000n])
      const waiting = await ask(large.paymentId, { kind: 'manual', consequence: 'keep', amount: money(6_660_000), transfer: { reference: 'OUT 30', paidOn: '2026-11-01' } })
      w.midtrans.act.chargeback(large.gatewayOrder, 1_000_000)
      await w.work()
      expect(await codeOf(pay().approveRefund({ refundId: waiting, actor: second }))).toBe('refund_exceeds')
      await pay().declineRefund({ refundId: waiting, actor: second, reason: 'charged back' })
    })

    it('what was given back as credit goes out of credit when the bank takes the payment all the same: nobody keeps both', async () => {
      const { paymentId, gatewayOrder, invoiceId, clientId } = await settled()
      await ask(paymentId, { kind: 'credit', amount: money(60_000) })
      expect([await credit(clientId), await owed(invoiceId)]).toEqual([60_000n, 60_000n])
      w.midtrans.act.chargeback(gatewayOrder)
      await w.work()
      const back = (await refundsOf(invoiceId)).find(row => row.kind === 'chargeback')
      expect(await booked(back?.id ?? '')).toEqual({ receivable: 51_000, client_credit: 60_000, gateway_clearing: -111_000 })
      expect([await credit(clientId), await owed(invoiceId)]).toEqual([0n, 111_000n])
    })

    it('what was given back by hand and is taken by the bank once more is nobody\'s debt: it waits in its own account, and Finance is told how much too much went', async () => {
      const { paymentId, gatewayOrder, invoiceId, clientId } = await settled()
      await ask(paymentId, { kind: 'manual', amount: money(40_000), transfer: { reference: 'OUT 40', paidOn: '2026-11-01' } })
      w.midtrans.act.chargeback(gatewayOrder)
      await w.work()
      const back = (await refundsOf(invoiceId)).find(row => row.kind === 'chargeback')
      expect(await booked(back?.id ?? '')).toEqual({ receivable: 71_000, suspense: 40_000, gateway_clearing: -111_000 })
      expect([await credit(clientId), await owed(invoiceId), (await w.payment(paymentId)).status]).toEqual([0n, 111_000n, 'charged_back'])
      expect(back).toMatchObject({ noted: false, beyond: { amount: '40000' } })
      const told = await w.world.rows<{ suspense: string }>(sql`select after->>'suspense' as suspense from audit_log where action = 'billing.return_not_covered' and entity_id = ${invoiceId}`)
      expect(told).toEqual([{ suspense: '40000' }])
    })

    it('credit that was spent meanwhile is not taken below zero: what nobody bears waits in its own account for Finance', async () => {
      const order = await w.world.order()
      const view = await w.start(order, 'qris')
      await w.test.app.billing.voidInvoice({ invoiceId: order.invoiceId, reason: 'withdrawn', actor: financeActor })
      const gatewayOrder = (await w.payment(view.id)).gatewayOrderId ?? ''
      w.midtrans.act.pay(gatewayOrder)
      await w.work()
      await w.world.order({ clientId: order.clientId })
      expect(await credit(order.clientId)).toBe(0n)
      expect(await codeOf(ask(view.id))).toBe('refund_not_covered')
      w.midtrans.act.chargeback(gatewayOrder)
      await w.work()
      const [row] = await refundsOf(order.invoiceId)
      expect(await booked(row?.id ?? '')).toEqual({ suspense: 111_000, gateway_clearing: -111_000 })
      expect(await credit(order.clientId)).toBe(0n)
    })
  })

  it('fees and payouts: a settlement books its fee by the rule, a reversal gives it back, and what the gateway transfers is booked once per reference', async () => {
    await pay().setFeeRules({ rules: [{ gateway: 'midtrans', method: 'qris', fixed: money(0), basisPoints: 70 }, { gateway: 'midtrans', method: 'permata_va', fixed: money(4_000), basisPoints: 0 }], actor: financeActor })
    const clearing = async () => Number((await pay().showReconciliation()).clearing.find(row => row.gateway === 'midtrans')?.balance.amount)
    const before = await clearing()
    await settled()
    expect(await clearing()).toBe(before + 111_000 - 777)
    const reversed = await settled('permata_va')
    w.midtrans.act.reverse(reversed.gatewayOrder)
    await w.work()
    expect(await clearing()).toBe(before + 111_000 - 777)
    const payout = (reference: string) => pay().recordPayout({ gateway: 'midtrans', amount: money(100_000), fee: money(223), reference, paidOn: '2026-11-01', actor: financeActor })
    await payout('PO 1')
    expect(await codeOf(payout('PO 1'))).toBe('payout_known')
    expect(await clearing()).toBe(before + 10_000)
    expect((await pay().listPayouts({ page: 1, pageSize: 5 })).items).toMatchObject([{ reference: 'PO 1', amount: { amount: '100000' } }])
    await pay().setFeeRules({ rules: [], actor: financeActor })
  })

  it('comparison: what contradicts our books is listed with its age, acknowledged with a reason, and resolved when it matches again; an interrupted run goes on', async () => {
    const compare = async () => {
      await pay().requestComparison('test')
      const begun = await w.test.app.core.read.comparisons.unfinishedRun()
      await pay().handlers['payments.compare-due']({ runId: begun?.id ?? '' })
      // Its worker died here: who asks next goes on with it, from where it stood.
      await pay().requestComparison('next')
      expect(await w.test.app.core.read.comparisons.unfinishedRun()).toMatchObject({ id: begun?.id, checked: 3, requestedBy: 'test' })
      for (;;) {
        const run = await w.test.app.core.read.comparisons.unfinishedRun()
        if (!run) return
        await pay().handlers['payments.compare-due']({ runId: run.id })
      }
    }
    w.test.clock.advance(15 * day)
    const { paymentId, gatewayOrder } = await settled()
    const lost = await settled('bca_va')
    const there = w.midtrans.state.transactions.find(t => t.orderId === gatewayOrder)
    if (!there) throw new Error('not charged')
    there.status = 'expire'
    // A refund whose every notification was lost is found, not listed.
    const refunded = await settled()
    w.midtrans.faults.set({ loseNotifications: 10 })
    w.midtrans.act.refund(refunded.gatewayOrder, 1_000)
    await compare()
    expect(await owed(refunded.invoiceId)).toBe(1_000n)
    const open = async () => (await pay().listComparisonItems({ page: 1, pageSize: 20, state: 'open' })).items
    expect((await open()).map(item => [item.paymentId, item.kind, item.ours, item.theirs])).toEqual([[paymentId, 'state_differs', 'settled', 'expired']])
    w.test.clock.advance(2 * day)
    expect((await open())[0]?.ageDays).toBe(2)
    await pay().acknowledgeComparisonItem({ id: (await open())[0]?.id ?? '', reason: 'asked Midtrans', actor: financeActor })
    w.midtrans.state.transactions.splice(w.midtrans.state.transactions.findIndex(t => t.orderId === lost.gatewayOrder), 1)
    there.status = 'settlement'
    await compare()
    expect((await open()).map(item => [item.paymentId, item.kind])).toEqual([[lost.paymentId, 'unknown_at_gateway']])
    expect((await pay().listComparisonItems({ page: 1, pageSize: 20, state: 'resolved' })).items.map(item => item.acknowledgedReason)).toEqual(['asked Midtrans'])
    expect((await pay().showReconciliation()).lastRun).toMatchObject({ checked: 3, unasked: 0 })
  })

  it('comparison: a charge-back weeks after the settlement, of which no notification came, is found', async () => {
    const { paymentId, gatewayOrder, invoiceId } = await settled()
    w.test.clock.advance(39.5 * day)
    w.midtrans.faults.set({ loseNotifications: 10 })
    w.midtrans.act.chargeback(gatewayOrder)
    await pay().requestComparison('nightly')
    for (let run = await w.test.app.core.read.comparisons.unfinishedRun(); run; run = await w.test.app.core.read.comparisons.unfinishedRun()) await pay().handlers['payments.compare-due']({ runId: run.id })
    expect([(await w.payment(paymentId)).status, await owed(invoiceId)]).toEqual(['charged_back', 111_000n])
  })

  it('a deposit that is given back takes its credit along, and what was spent of it stays owed; as credit or goodwill it would count twice: refused', async () => {
    const clientId = await w.world.client()
    const { invoiceId } = await w.test.app.billing.topUp({ clientId, amount: money(100_000), locale: 'id', actor: clientActor(clientId) })
    const { id: paymentId } = await w.start({ invoiceId, clientId }, 'qris')
    w.midtrans.act.pay((await w.payment(paymentId)).gatewayOrderId ?? '')
    await w.work()
    expect(await credit(clientId)).toBe(100_000n)
    expect(await codeOf(ask(paymentId, { kind: 'credit', amount: money(50_000) }))).toBe('deposit_refund_way')
    expect(await codeOf(ask(paymentId, { consequence: 'keep', amount: money(50_000) }))).toBe('deposit_refund_way')
    await send(await ask(paymentId, { amount: money(40_000) }))
    expect([await credit(clientId), (await w.world.invoice(invoiceId)).status]).toEqual([60_000n, 'issued'])
    await w.world.order({ clientId })
    await send(await ask(paymentId, { amount: money(60_000) }))
    expect(await credit(clientId)).toBe(0n)
    const age = (await w.test.app.reports.showReport({ report: 'ageing', role: 'finance', page: 1, pageSize: 200 })).items.find(row => row.key === clientId)
    // The order asks for 111.000, of which the deposit's credit paid 60.000: both are owed.
    expect(age?.cells.total).toEqual({ amount: '111000', currency: 'IDR' })
  })

  it('the report of payments lays what went back beside what came in, at the way that was paid by', async () => {
    const rows = (await w.test.app.reports.showReport({ report: 'payments', role: 'finance', page: 1, pageSize: 50 })).items
    // Only what a gateway keeps of a payout is of no way.
    expect(rows.find(row => row.key === 'midtrans:')?.cells).toMatchObject({ received: { amount: '0' }, returned: { amount: '0' } })
    const { received, returned } = rows.find(row => row.key === 'midtrans:qris')?.cells ?? {}
    const [said] = await w.world.rows<{ sum: string }>(sql`select sum(r.amount)::text as sum from refunds r join payments p on p.id = r.payment_id where p.method = 'qris' and r.status in ('done', 'reversed') and r.kind in ('gateway', 'chargeback')`)
    expect(returned).toEqual({ amount: said?.sum, currency: 'IDR' })
    const [came] = await w.world.rows<{ sum: string }>(sql`select sum(l.amount)::text as sum from journal_lines l join journal_entries e on e.id = l.entry_id where e.cause = 'payment_received' and l.account = 'gateway_clearing' and (e.cause_id in (select id::text from payments where method = 'qris') or e.cause_id in (select r.id::text from refunds r join payments p on p.id = r.payment_id where p.method = 'qris'))`)
    expect(received).toEqual({ amount: came?.sum, currency: 'IDR' })
  })

  it('after all of it the ledger proves itself', async () => {
    expect(await audited()).toEqual([])
  })
})
