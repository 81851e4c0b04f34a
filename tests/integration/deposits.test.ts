import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { databaseKinds } from '../support/app.ts'
import { day, hour, tester } from '../support/billing.ts'
import { clientActor, startPaymentWorld } from '../support/payments.ts'

describe.each(databaseKinds())('client credit: chosen, topped up, paid together, on %s', (kind) => {
  let w: Awaited<ReturnType<typeof startPaymentWorld>>
  beforeAll(async () => {
    w = await startPaymentWorld(kind)
  })
  // Whatever a test did, the ledger proves itself.
  afterEach(async () => {
    w.midtrans.faults.clear()
    await w.test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    expect((await w.test.app.core.read.ledgerAudits.last())?.findings).toEqual([])
  })
  afterAll(() => w.close())

  const billing = () => w.test.app.billing
  const creditOf = (clientId: string) => w.test.app.core.read.ledger.credit(clientId)
  const owed = async (invoiceId: string) => (await w.test.app.core.read.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
  const topUp = (clientId: string, amount: bigint) => billing().topUp({ clientId, amount: money(amount), locale: 'id', actor: clientActor(clientId) })
  /** The job that a paid deposit leaves. */
  const payTargets = (invoiceId: string) => billing().handlers['billing.deposit-paid']({ invoiceId })
  const useCredit = (order: { clientId: string, invoiceId: string }, amount: bigint | null = null) => w.test.app.payments.payWithCredit({ ...order, amount: amount === null ? null : money(amount), actor: clientActor(order.clientId) })
  const balance = async (account: string) => (await w.world.balances())[account] ?? 0n

  it('a deposit is no revenue, has no PPN and a series of its own; paid it is credit, once, and the next invoice takes it off, in part too', async () => {
    const clientId = await w.world.client()
    const [revenue, ppn] = [await balance('revenue'), await balance('ppn_payable')]
    const first = await topUp(clientId, 50_000n)
    expect(first.number).toMatch(/^DEP-2026-\d{6}$/)
    expect(await balance('deposits')).toBe(-50_000n)
    await Promise.all([w.world.pay(first.invoiceId, 50_000n, '01900000-0000-7000-8000-00000000d001'), w.world.pay(first.invoiceId, 50_000n, '01900000-0000-7000-8000-00000000d001')])
    expect([await balance('deposits'), await creditOf(clientId), await balance('revenue'), await balance('ppn_payable')]).toEqual([0n, 50_000n, revenue, ppn])
    const order = await w.world.order({ clientId })
    expect([await owed(order.invoiceId), await creditOf(clientId)]).toEqual([61_000n, 0n])
    expect((await w.world.invoice(order.invoiceId)).number).toMatch(/^INV-2026-/)
  })

  it('credit chosen at payment pays what it can; a live attempt that no longer fits is cancelled at its gateway first, the rest is paid by another', async () => {
    const order = await w.world.order()
    const qris = await w.start(order, 'qris')
    await expect(useCredit(order)).rejects.toMatchObject({ code: 'credit_insufficient' })
    const { invoiceId } = await topUp(order.clientId, 30_000n)
    await w.world.pay(invoiceId)
    expect(await useCredit(order, 10_000n)).toEqual({ applied: money(10_000n), left: money(101_000n) })
    expect((await w.payment(qris.id)).status).toBe('failed')
    expect(await useCredit(order)).toEqual({ applied: money(20_000n), left: money(81_000n) })
    expect((await w.start(order, 'bca_va')).amount.amount).toBe('81000')
    await expect(useCredit({ ...order, clientId: await w.world.client() })).rejects.toMatchObject({ code: 'credit_insufficient' })
    await expect(useCredit({ clientId: order.clientId, invoiceId })).rejects.toMatchObject({ code: 'credit_insufficient' })
  })

  it('two at once never spend the same credit twice', async () => {
    const clientId = await w.world.client()
    const orders = [await w.world.order({ clientId }), await w.world.order({ clientId })]
    await w.world.pay((await topUp(clientId, 111_000n)).invoiceId)
    await Promise.allSettled([...orders, ...orders].map(order => useCredit(order)))
    expect(await creditOf(clientId)).toBe(0n)
    expect((await Promise.all(orders.map(order => owed(order.invoiceId)))).reduce((sum, left) => sum + left, 0n)).toBe(111_000n)
  })

  it('a deposit that nobody pays is reminded of by no mail and lapses three days after it was due; what was paid on it is credit', async () => {
    const clientId = await w.world.client()
    const [unpaid, part] = [await topUp(clientId, 20_000n), await topUp(clientId, 40_000n)]
    await w.world.pay(part.invoiceId, 15_000n)
    w.test.clock.advance(6 * day - hour)
    await billing().runBilling({ actor: tester, confirmBrake: true })
    expect((await w.world.invoice(unpaid.invoiceId)).status).toBe('issued')
    w.test.clock.advance(2 * hour)
    await billing().runBilling({ actor: tester, confirmBrake: true })
    expect([(await w.world.invoice(unpaid.invoiceId)).status, (await w.world.invoice(part.invoiceId)).status]).toEqual(['void', 'void'])
    expect([await creditOf(clientId), await balance('deposits')]).toEqual([15_000n, 0n])
    expect(await w.world.mails('invoice_reminder', clientId)).toEqual([])
    await w.world.pay(unpaid.invoiceId, 20_000n)
    expect(await creditOf(clientId)).toBe(35_000n)
  })

  it('a client gives up an own unpaid deposit, no other and no paid one; at most five wait at once', async () => {
    const clientId = await w.world.client()
    const made = await Promise.all(Array.from({ length: 5 }, () => topUp(clientId, 10_000n)))
    await expect(topUp(clientId, 10_000n)).rejects.toMatchObject({ code: 'deposits_open' })
    const invoiceId = made[0]?.invoiceId ?? ''
    await expect(billing().cancelDeposit({ invoiceId, clientId: await w.world.client(), actor: tester })).rejects.toMatchObject({ code: 'not_found' })
    await billing().cancelDeposit({ invoiceId, clientId, actor: clientActor(clientId) })
    const again = await topUp(clientId, 10_000n)
    await w.world.pay(again.invoiceId)
    await expect(billing().cancelDeposit({ invoiceId: again.invoiceId, clientId, actor: tester })).rejects.toMatchObject({ code: 'invoice_not_payable' })
  })

  it('an unpaid deposit is owed by nobody: receivables by age leave it out; one whose credit was spent before its payment was taken back is owed', async () => {
    const clientId = await w.world.client()
    const owedByAge = async () => (await w.test.app.reports.showReport({ report: 'ageing', role: 'finance', page: 1, pageSize: 200 })).items.find(row => row.key === clientId)?.cells.total ?? null
    const deposit = await topUp(clientId, 100_000n)
    expect(await owedByAge()).toBeNull()
    const { paymentId } = await w.world.pay(deposit.invoiceId)
    await w.world.order({ clientId })
    await w.test.app.core.transact(stores => billing().reversePayment(stores, { paymentId, invoiceId: deposit.invoiceId, clientId, gateway: 'midtrans', amount: money(100_000n), at: w.test.clock.now(), actor: tester, cause: 'charged_back' }))
    // The rest of the order (111.000 less the credit) and the deposit.
    expect(await owedByAge()).toEqual({ amount: '111000', currency: 'IDR' })
  })

  it('a deposit whose payment is taken back takes its credit back; what was spent of it stays owed, and does not lapse', async () => {
    const clientId = await w.world.client()
    const deposit = await topUp(clientId, 100_000n)
    const { paymentId } = await w.world.pay(deposit.invoiceId)
    const order = await w.world.order({ clientId, prices: [30_000n] })
    expect(await creditOf(clientId)).toBe(66_700n)
    await w.test.app.core.transact(stores => billing().reversePayment(stores, { paymentId, invoiceId: deposit.invoiceId, clientId, gateway: 'midtrans', amount: money(100_000n), at: w.test.clock.now(), actor: tester, cause: 'charged_back' }))
    expect([await creditOf(clientId), await owed(deposit.invoiceId), (await w.world.invoice(order.invoiceId)).status]).toEqual([0n, 100_000n, 'paid'])
    w.test.clock.advance(10 * day)
    await billing().runBilling({ actor: tester, confirmBrake: true })
    expect((await w.world.invoice(deposit.invoiceId)).status).toBe('issued')
    await w.world.pay(deposit.invoiceId)
    expect([await creditOf(clientId), await balance('deposits')]).toEqual([66_700n, 0n])
    const other = await w.world.client()
    const second = await topUp(other, 50_000n)
    const taken = await w.world.pay(second.invoiceId)
    await w.world.order({ clientId: other, prices: [40_000n] })
    const lost = await balance('bad_debt')
    await w.test.app.core.transact(stores => billing().reversePayment(stores, { paymentId: taken.paymentId, invoiceId: second.invoiceId, clientId: other, gateway: 'midtrans', amount: money(50_000n), at: w.test.clock.now(), actor: tester, cause: 'charged_back' }))
    await billing().voidInvoice({ invoiceId: second.invoiceId, reason: 'never paid', actor: tester })
    expect([await owed(second.invoiceId), await balance('deposits'), await creditOf(other), await balance('bad_debt') - lost]).toEqual([0n, 0n, 0n, 44_400n])
  })

  it('several invoices paid together are paid in the order of their due times, once, however often the job runs; what one does not take stays credit', async () => {
    const clientId = await w.world.client()
    const [a, b, c] = [await w.world.order({ clientId }), await w.world.order({ clientId, prices: [200_000n] }), await w.world.order({ clientId, prices: [50_000n] })]
    const ids = [c.invoiceId, a.invoiceId, b.invoiceId]
    const pay = (who: string, invoiceIds: string[]) => billing().payTogether({ clientId: who, invoiceIds, actor: clientActor(who) })
    const batch = await pay(clientId, ids)
    expect(await pay(clientId, [...ids].reverse())).toEqual(batch)
    expect(await owed(batch.invoiceId)).toBe(388_500n)
    await expect(pay(await w.world.client(), ids)).rejects.toMatchObject({ code: 'not_found' })
    await expect(pay(clientId, [batch.invoiceId, a.invoiceId])).rejects.toMatchObject({ code: 'invoice_not_payable' })
    await billing().voidInvoice({ invoiceId: b.invoiceId, reason: 'no longer wanted', actor: tester })
    const attempt = await w.start({ clientId, invoiceId: batch.invoiceId }, 'bca_va')
    w.midtrans.act.pay((await w.payment(attempt.id)).gatewayOrderId ?? '')
    await w.work()
    await Promise.all([payTargets(batch.invoiceId), payTargets(batch.invoiceId)])
    await payTargets(batch.invoiceId)
    expect([(await w.world.invoice(a.invoiceId)).status, (await w.world.invoice(c.invoiceId)).status, (await w.world.invoice(b.invoiceId)).status]).toEqual(['paid', 'paid', 'void'])
    expect(await creditOf(clientId)).toBe(222_000n)
  })

  it('whatever is topped up, spent, paid in parts and voided, the money of a client is what came in less what was paid with it', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ act: fc.constantFrom('top_up', 'spend', 'part', 'void') as fc.Arbitrary<'top_up' | 'spend' | 'part' | 'void'>, amount: fc.bigInt({ min: 1n, max: 90_000n }) }), { minLength: 1, maxLength: 6 }), async (steps) => {
      const order = await w.world.order()
      let came = 0n
      for (const { act, amount } of steps) {
        if (act === 'spend') await useCredit(order, amount).catch(() => {})
        else {
          const { invoiceId } = await topUp(order.clientId, 100_000n)
          const paid = act === 'top_up' ? 100_000n : amount
          await w.world.pay(invoiceId, paid)
          came += paid
          if (act === 'void') await billing().voidInvoice({ invoiceId, reason: 'property', actor: tester })
          else if (act === 'part') await w.world.pay(invoiceId, 100_000n - paid).then(() => came += 100_000n - paid)
        }
      }
      expect(await creditOf(order.clientId) + 111_000n - await owed(order.invoiceId)).toBe(came)
    }), { numRuns: 6 })
  })
})
