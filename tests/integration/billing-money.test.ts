import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Stores } from '#db/stores.ts'
import { money } from '#shared/money/money.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, tester } from '../support/billing.ts'

describe.each(databaseKinds())('money on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  afterAll(() => test.close())

  it('an order invoice carries a number, PPN by the rule in force and a balanced entry', async () => {
    const { invoiceId, total } = await world.order({ prices: [100_001n] })
    const invoice = await world.invoice(invoiceId)
    expect(invoice).toMatchObject({ status: 'issued', taxable: 100_001n, tax: 11_000n, dpp: 91_667n, total: 111_001n, taxRule: 'ppn-12-dpp-11/12' })
    expect(invoice.number).toMatch(/^INV-2026-\d{6}$/)
    expect(total.amount).toBe(111_001n)
  })

  it('a payment pays the invoice, starts period 0 and asks for the build, once', async () => {
    const { invoiceId, serviceId, orderId } = await world.order()
    const { paymentId } = await world.pay(invoiceId)
    await world.pay(invoiceId, 111_000n, paymentId)
    expect((await world.invoice(invoiceId)).status).toBe('paid')
    expect(await world.periods(serviceId)).toHaveLength(1)
    expect(await world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
    const { clientId } = await world.invoice(invoiceId)
    expect((await test.app.billing.showInvoice({ invoiceId, clientId, locale: 'id' })).lines).toMatchObject([{ periodStart: '2026-11-02T03:00:00.000Z', periodEnd: '2026-12-02T03:00:00.000Z' }])
    expect((await world.orderRow(orderId)).status).toBe('fulfilling')
    await world.activate(serviceId)
    expect((await world.service(serviceId)).status).toBe('active')
    expect((await world.orderRow(orderId)).status).toBe('fulfilled')
  })

  it('D5: one payment booked a hundred times at once has one effect', async () => {
    const { invoiceId, serviceId, clientId } = await world.order()
    const paymentId = uuidv7()
    await Promise.all(Array.from({ length: 100 }, () => world.pay(invoiceId, 111_000n, paymentId)))
    expect(await world.periods(serviceId)).toHaveLength(1)
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(0n)
    expect(await world.mails('invoice_paid', clientId)).toHaveLength(1)
  })

  it('two different payments of one invoice at once: one pays it, the other is credit', async () => {
    const { invoiceId, serviceId, clientId } = await world.order()
    const booked = await Promise.all([world.pay(invoiceId, 111_000n), world.pay(invoiceId, 111_000n)])
    expect(booked.map(result => result.toCredit.amount).sort()).toEqual([0n, 111_000n])
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(111_000n)
    expect(await world.periods(serviceId)).toHaveLength(1)
  })

  it('a part pays a part: the invoice stays issued and asks for the rest', async () => {
    const { invoiceId, clientId } = await world.order()
    expect(await world.pay(invoiceId, 50_000n)).toMatchObject({ toInvoice: money(50_000), invoicePaid: false })
    const payable = await test.app.core.transact(stores => test.app.billing.findPayableInvoice(stores, { invoiceId, clientId }))
    expect(payable).toMatchObject({ outstanding: money(61_000), lines: [{ amount: money(61_000) }] })
    expect(await world.pay(invoiceId, 70_000n)).toMatchObject({ toInvoice: money(61_000), toCredit: money(9_000), invoicePaid: true })
  })

  it('a little short is accepted once, with a reason: paid, a loss, its PPN still owed; more, or nothing paid, is refused', async () => {
    const { invoiceId, serviceId, clientId } = await world.order()
    const finance: Actor = { kind: 'user', id: await world.client('Rina'), name: 'Rina', role: 'finance' }
    const accept = () => test.app.billing.writeOffRest({ invoiceId, reason: 'bank charge', actor: finance })
    await expect(accept()).rejects.toMatchObject({ code: 'write_off_refused' })
    await world.pay(invoiceId, 60_000n)
    await expect(accept()).rejects.toMatchObject({ code: 'write_off_refused' })
    await world.pay(invoiceId, 44_500n)
    await accept()
    const view = await test.app.billing.showInvoice({ invoiceId, clientId, locale: 'en' })
    expect(view).toMatchObject({ status: 'paid', paid: { amount: '104500' }, writtenOff: { amount: '6500' }, outstanding: { amount: '0' } })
    expect(await world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
    expect(await world.rows(sql`select action, after from audit_log where entity_id = ${invoiceId}`)).toEqual([expect.objectContaining({ action: 'invoice.write-off' })])
    await expect(accept()).rejects.toMatchObject({ code: 'invoice_not_payable' })
    await test.app.billing.issueCreditNote({ invoiceId, lines: null, reason: 'never built', actor: finance })
    expect([await test.app.core.read.ledger.credit(clientId), await test.app.core.read.ledger.writtenOff(invoiceId)]).toEqual([104_500n, 0n])
  })

  it('a foreign, paid or unknown invoice cannot be paid', async () => {
    const { invoiceId, clientId } = await world.order()
    const find = (id: string, client: string) => test.app.core.transact(stores => test.app.billing.findPayableInvoice(stores, { invoiceId: id, clientId: client }))
    expect(await find(invoiceId, await world.client())).toBeNull()
    expect(await find(uuidv7(), clientId)).toBeNull()
    await world.pay(invoiceId)
    expect(await find(invoiceId, clientId)).toBeNull()
    await expect(test.app.billing.showInvoice({ invoiceId, clientId: await world.client(), locale: 'id' })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('credit is taken off the next invoice, in part or whole', async () => {
    const { invoiceId, clientId } = await world.order()
    await world.pay(invoiceId, 300_000n)
    const second = await world.order({ clientId })
    expect(await world.invoice(second.invoiceId)).toMatchObject({ status: 'paid' })
    expect(await world.jobs('billing.service-paid', 'serviceId', second.serviceId)).toBe(1)
    const third = await world.order({ clientId })
    expect((await test.app.billing.showInvoice({ invoiceId: third.invoiceId, clientId, locale: 'id' })).outstanding.amount).toBe('33000')
    const credit = await test.app.billing.showCredit({ clientId, page: 1, pageSize: 20 })
    expect(credit.balance.amount).toBe('0')
    expect(credit.entries.items.map(entry => entry.amount.amount).sort()).toEqual(['-111000', '-78000', '189000'])
  })

  it('a charge-back owes the invoice again; what was paid too much goes from credit first', async () => {
    const { invoiceId, clientId } = await world.order()
    const { paymentId } = await world.pay(invoiceId, 120_000n)
    await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId, invoiceId, clientId, gateway: 'midtrans', amount: money(120_000), at: test.clock.now(), actor: tester, cause: 'charged_back' }))
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(0n)
    expect((await test.app.core.read.ledger.outstanding([invoiceId])).get(invoiceId)).toBe(111_000n)
    expect((await world.invoice(invoiceId)).status).toBe('issued')
  })

  it('money on the bank account is booked by Finance, audited, and pays like any other', async () => {
    const { invoiceId, serviceId, clientId } = await world.order()
    const finance: Actor = { kind: 'user', id: await world.client('Rina'), name: 'Rina', role: 'finance' }
    const pay = (amount: bigint, receivedOn: string) => test.app.billing.recordManualPayment({ invoiceId, amount: money(amount), receivedOn, reference: 'BCA 0123', actor: finance })
    await expect(pay(111_000n, '2026-12-24')).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(pay(0n, '2026-11-01')).rejects.toMatchObject({ code: 'invalid_input' })
    await pay(111_000n, '2026-11-01')
    const view = await test.app.billing.showAdminInvoice({ invoiceId, locale: 'en' })
    expect(view).toMatchObject({ status: 'paid', outstanding: { amount: '0' }, payments: [{ method: 'manual', status: 'settled' }] })
    expect(view.journal.filter(line => line.account === 'bank')).toHaveLength(1)
    expect(await world.periods(serviceId)).toHaveLength(1)
    const audited = await test.app.core.read.auditLog.list({ page: 1, pageSize: 100, entity: 'invoice' })
    expect(audited.items.find(row => row.action === 'payment.manual' && row.entityId === invoiceId)).toMatchObject({ actorName: 'Rina' })
    expect(await world.mails('invoice_paid', clientId)).toHaveLength(1)
  })

  it('one transfer is booked once: by two colleagues, for another invoice of the client, or by a repetition whose first answer was lost; another transfer is', async () => {
    const { invoiceId, clientId } = await world.order()
    const second = await world.order({ clientId })
    const finance: Actor = { kind: 'user', id: await world.client('Rina'), name: 'Rina', role: 'finance' }
    const pay = (invoice: string, reference: string) => test.app.billing.recordManualPayment({ invoiceId: invoice, amount: money(111_000n), receivedOn: '2026-11-01', reference, actor: finance })
    const outcomes = await Promise.allSettled([pay(invoiceId, 'BCA 77'), pay(invoiceId, 'BCA 77'), pay(second.invoiceId, 'BCA 77')])
    expect(outcomes.filter(outcome => outcome.status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'transfer_known' })
    expect(await world.rows(sql`select 1 from payments where client_id = ${clientId} and method = 'manual'`)).toHaveLength(1)
    await pay(second.invoiceId, 'BCA 78')
    expect(await world.rows(sql`select 1 from payments where client_id = ${clientId} and method = 'manual'`)).toHaveLength(2)
  })

  it('D1: drawing the PDF fails, the mail server is away: the payment is booked all the same', async () => {
    const { invoiceId, clientId } = await world.order()
    await world.pay(invoiceId)
    const { drawInvoice } = await import('#server/drivers/pdf/invoice.ts')
    const invoice = await test.app.core.read.invoices.find(invoiceId)
    // A printer that fails is only ever met after the money is booked: drawing is a request of its own.
    await expect(drawInvoice({ invoice: { ...invoice, seller: null } as never, lines: [], outstanding: money(0), credited: { total: money(0), toInvoice: money(0) }, locale: 'id', zone: 'Asia/Jakarta' })).rejects.toThrow()
    expect((await world.invoice(invoiceId)).status).toBe('paid')
    expect(await world.rows(sql`select status from mails where user_id = ${clientId} and template = 'invoice_paid'`)).toEqual([{ status: 'queued' }])
  })

  it('D15: price and currency are one value: money of another currency is refused, not relabelled', async () => {
    const { invoiceId, clientId } = await world.order()
    const foreign = { amount: 111_000n, currency: 'USD' } as unknown as ReturnType<typeof money>
    await expect(test.app.core.transact(stores => test.app.billing.bookPayment(stores, { paymentId: uuidv7(), invoiceId, clientId, gateway: 'midtrans', amount: foreign, at: test.clock.now(), actor: tester }))).rejects.toThrow(/USD/)
    expect((await world.invoice(invoiceId)).status).toBe('issued')
  })

  it('D16: invoices issued in parallel, some rolled back, leave numbers without gap or double', async () => {
    const before = await world.rows<{ last: number }>(sql`select last from invoice_counters where series = 'INV' and year = 2026`)
    const orders = await Promise.all(Array.from({ length: 12 }, () => world.order()))
    const undone = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => test.app.core.transact(async (stores: Stores) => {
      const order = orders[i]
      await test.app.billing.issueOrderInvoice(stores, { orderId: order?.orderId ?? '', clientId: order?.clientId ?? '', lines: [{ serviceId: order?.serviceId ?? '', description: 'x', cycle: 'monthly', price: money(1000), setup: money(0), discounts: [] }] })
      if (i % 2 === 0) throw new Error('undo')
    })))
    expect(undone.filter(result => result.status === 'rejected')).toHaveLength(4)
    const numbers = (await world.rows<{ sequence: number }>(sql`select sequence from invoices where series = 'INV' and year = 2026 order by sequence`)).map(row => row.sequence)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
    expect(numbers).toHaveLength((before[0]?.last ?? 0) + 16)
  })

  it('D9: a payment and the run that would suspend, at the same moment: the machine ends up running or asked for', async () => {
    for (let turn = 0; turn < 6; turn += 1) {
      const { serviceId } = await world.running()
      for (const days of [16, 14, 2]) {
        test.clock.advance(days * 86_400_000)
        await test.app.billing.runBilling({ actor: tester, confirmBrake: true })
      }
      test.clock.advance(86_400_000)
      const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
      await Promise.all([test.app.billing.runBilling({ actor: tester, confirmBrake: true }), world.pay(invoiceId)])
      const service = await world.service(serviceId)
      expect((await world.invoice(invoiceId)).status).toBe('paid')
      if (service.status === 'suspended') expect(await world.jobs('billing.service-resumable', 'serviceId', serviceId)).toBe(1)
      else expect(service.status).toBe('active')
    }
    test.clock.set('2026-11-02T03:00:00Z')
  })

  it('the year of a number is that of the business zone', async () => {
    test.clock.set('2028-12-31T17:30:00Z')
    const { invoiceId } = await world.order()
    expect((await world.invoice(invoiceId)).number).toBe('INV-2029-000001')
    test.clock.set('2026-11-02T03:00:00Z')
  })

  it('conservation: whatever is paid, spent, taken back, voided or left over, the ledger sums to zero, `paid` means that nothing is owed, and credit is never negative', { timeout: 240_000 }, async () => {
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.record({ act: fc.constant('pay' as const), amount: fc.bigInt({ min: 1n, max: 300_000n }) }) }, fc.record({ act: fc.constant('repeat' as const), amount: fc.constant(0n) }),
      { weight: 2, arbitrary: fc.record({ act: fc.constant('reverse' as const), amount: fc.constant(0n) }) }, fc.record({ act: fc.constant('void' as const), amount: fc.constant(0n) }), { weight: 2, arbitrary: fc.record({ act: fc.constant('spend' as const), amount: fc.constant(0n) }) },
      fc.record({ act: fc.constant('short' as const), amount: fc.bigInt({ min: 1n, max: 60_000n }) }), fc.record({ act: fc.constant('credit' as const), amount: fc.bigInt({ min: 1n, max: 120_000n }) }),
    )
    await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 10 }), async (acts) => {
      const { invoiceId, clientId } = await world.order()
      const paid: { id: string, amount: bigint }[] = []
      const bought: string[] = []
      let received = 0n
      for (const step of acts) {
        const last = paid.at(-1)
        if (step.act === 'pay') {
          const { paymentId } = await world.pay(invoiceId, step.amount)
          paid.push({ id: paymentId, amount: step.amount })
          received += step.amount
        } else if (step.act === 'repeat' && last) await world.pay(invoiceId, last.amount, last.id)
        else if (step.act === 'reverse' && last) {
          await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId: last.id, invoiceId, clientId, gateway: 'midtrans', amount: money(last.amount), at: test.clock.now(), actor: tester, cause: 'charged_back' }))
          paid.pop()
          received -= last.amount
        } else if (step.act === 'spend') bought.push((await world.order({ clientId })).invoiceId)
        else if (step.act === 'void') await test.app.billing.voidInvoice({ invoiceId, reason: 'test', actor: tester }).catch(() => {})
        else if (step.act === 'short') {
          // Paid but for so much, which is given up.
          const asked = (await test.app.core.read.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
          if (asked <= step.amount) continue
          const { paymentId } = await world.pay(invoiceId, asked - step.amount)
          paid.push({ id: paymentId, amount: asked - step.amount })
          received += asked - step.amount
          await test.app.billing.writeOffRest({ invoiceId, reason: 'test', actor: tester }).catch(() => {})
        } else if (step.act === 'credit') {
          const [line] = await world.rows<{ id: string }>(sql`select id from invoice_lines where invoice_id = ${invoiceId} and kind = 'service'`)
          const lines = step.amount > 100_000n ? null : [{ lineId: line?.id ?? '', amount: money(step.amount) }]
          await test.app.billing.issueCreditNote({ invoiceId, lines, reason: 'test', actor: tester }).catch(() => {})
        }
        const invoice = await world.invoice(invoiceId)
        const waived = await test.app.core.read.ledger.writtenOff(invoiceId)
        const [noted] = await world.rows<{ total: string }>(sql`select coalesce(sum(total), 0)::text as total from credit_notes where invoice_id = ${invoiceId}`)
        const owed = (await test.app.core.read.ledger.outstanding([invoiceId])).get(invoiceId) ?? 0n
        expect(invoice.status === 'issued').toBe(owed > 0n)
        const credit = await test.app.core.read.ledger.credit(clientId)
        const asked = invoice.status === 'void' ? 0n : 111_000n - BigInt(noted?.total ?? 0)
        const spent = BigInt(bought.length) * 111_000n - [...(await test.app.core.read.ledger.outstanding(bought)).values()].reduce((sum, left) => sum + left, 0n)
        const [waits] = await world.rows<{ sum: string }>(sql`select coalesce(sum(amount), 0)::text as sum from journal_lines where account = 'suspense' and invoice_id = ${invoiceId}`)
        expect(waived).toBeGreaterThanOrEqual(0n)
        expect(received).toBe(asked - owed - waived + credit + spent - BigInt(waits?.sum ?? 0))
        expect(credit >= 0n).toBe(true)
      }
      const sums = await world.balances()
      expect(Object.values(sums).reduce((a, b) => a + b, 0n)).toBe(0n)
    }), { numRuns: 12 })
  })
})
