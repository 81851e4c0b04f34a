import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sql } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { LateFee } from '#server/billing/late-fee.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day } from '../support/billing.ts'

const finance: Actor = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'finance' }
const house = { renewalLeadDays: 14, reminderDays: [-7, -3, 0, 1], orderReminderDays: [-1], noticeHours: 24, suspendAfterDays: 3, terminateAfterDays: 15 }
const percent = { kind: 'percent' as const, percent: 5, cap: money(50_000), days: 2 }

describe.each(databaseKinds())('late fees on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    await world.rows(sql`truncate billing_terms cascade`)
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())

  interface Spec { readonly lateFee?: LateFee, readonly price?: bigint }
  /** Services whose renewals (Rp 111.000, due on 2 December) are not paid; their products have a late fee. */
  async function lates(...specs: readonly Spec[]) {
    const sold = []
    for (const spec of specs) sold.push(await sell(spec))
    test.clock.set('2026-11-18T03:00:00Z')
    await world.sweep()
    return Promise.all(sold.map(async (order) => {
      const renewal = (await world.invoicesOf(order.serviceId)).find(invoice => invoice.id !== order.invoiceId)
      if (!renewal) throw new Error('no renewal was issued')
      return { ...order, lateId: renewal.id, dueAt: new Date(renewal.due_at) }
    }))
  }
  async function late() {
    const [one] = await lates({})
    if (!one) throw new Error('none was sold')
    return one
  }
  type Late = Awaited<ReturnType<typeof late>>
  const pair = async () => await lates({}, {}) as [Late, Late]
  const four = async () => {
    const [a, b, c, d] = await lates({}, {}, {}, {}) as [Late, Late, Late, Late]
    return [[a, b], [c, d]] as const
  }
  async function sell({ lateFee = percent, price = 100_000n }: Spec) {
    const order = await world.running({ prices: [price] })
    await test.app.billing.saveTerms({ id: null, name: uuidv7(), terms: { ...house, lateFee }, productIds: [(await world.service(order.serviceId)).productId], actor: finance })
    return order
  }
  const at = async (moment: Date) => {
    test.clock.set(moment)
    await world.sweep(true)
  }
  const after = (dueAt: Date, days: number) => new Date(dueAt.getTime() + days * day)
  const show = (invoiceId: string) => test.app.billing.showInvoice({ invoiceId, clientId: null, locale: 'en' })
  const fees = () => world.rows<{ id: string, total: string, tax: string, tax_rule: string, status: string }>(sql`select i.id, i.total::text, i.tax::text, i.tax_rule, i.status from late_fees f join invoices i on i.id = f.fee_invoice_id order by i.id`)

  it('is announced with its day and sum, charged once on that day without PPN, and named on both invoices, in the mails and in the lists', async () => {
    const { lateId, dueAt, clientId } = await late()
    const ahead = (await show(lateId)).rail.find(step => step.kind === 'late_fee')
    expect(ahead).toMatchObject({ at: after(dueAt, 2).toISOString(), done: false, reason: expect.stringContaining('5.550') as string })
    const foretold = await test.app.billing.showPlan({ at: after(dueAt, 3), kind: 'charge_late_fee', page: 1, pageSize: 10, locale: 'en' })
    expect(foretold.items.map(item => [item.amount?.amount, item.dueSince])).toEqual([['5550', after(dueAt, 2).toISOString()]])
    expect([foretold.counts.charge_late_fee, foretold.sums.charge_late_fee.amount, foretold.sums.send_final_notice.amount, foretold.sums.terminate.amount]).toEqual([1, '5550', '111000', '0'])
    await at(new Date(after(dueAt, 2).getTime() - 1))
    expect(await fees()).toEqual([])
    await at(after(dueAt, 2))
    await at(after(dueAt, 2))
    const [fee, second] = await fees()
    expect(fee).toMatchObject({ total: '5550', tax: '0', tax_rule: 'late-fee', status: 'issued' })
    expect(second).toBeUndefined()
    const view = await show(lateId)
    expect(view.lateFee).toMatchObject({ invoiceId: fee?.id, status: 'issued', total: { amount: '5550' } })
    expect(view.rail.find(step => step.kind === 'late_fee')).toMatchObject({ done: true })
    const own = await show(fee?.id ?? '')
    expect(own).toMatchObject({ lateFeeOf: view.number, lateInvoice: { invoiceId: lateId } })
    expect(own.lines.map(line => [line.kind, line.serviceId, line.description])).toEqual([['late_fee', null, `Denda keterlambatan atas tagihan ${view.number}`]])
    // Nothing follows it: no reminder, no suspension.
    expect(own.rail.map(step => step.kind)).toEqual(['issued', 'due'])
    const listed = await test.app.billing.listInvoices({ clientId, page: 1, pageSize: 10 })
    expect(listed.items.filter(item => item.lateFeeOf !== null).map(item => [item.id, item.lateFeeOf])).toEqual([[fee?.id, view.number]])
    expect(await world.mails('late_fee_charged', clientId)).toHaveLength(1)
    await at(after(dueAt, 2.1))
    const [notice] = await world.rows<{ params: Record<string, string> }>(sql`select params from mails where template = 'final_notice' and user_id = ${clientId}`)
    expect(notice?.params.lateFee).toContain('5.550')
    expect(await world.balances()).toMatchObject({ late_fees: -5_550n })
  })

  it('the plan of a client or a product is theirs alone: rows, counts and sums', async () => {
    const [one, other] = await pair()
    const plan = (scope: { clientId?: string, productId?: string }) => test.app.billing.showPlan({ at: after(one.dueAt, 2), kind: 'charge_late_fee', page: 1, pageSize: 10, locale: 'en', ...scope })
    expect([(await plan({})).sums.charge_late_fee.amount, (await plan({})).total]).toEqual(['11100', 2])
    for (const scope of [{ clientId: other.clientId }, { productId: (await world.service(other.serviceId)).productId }]) {
      const found = await plan(scope)
      expect([found.items.map(item => item.serviceId), found.counts.charge_late_fee, found.sums.charge_late_fee.amount]).toEqual([[other.serviceId], 1, '5550'])
    }
    expect((await plan({ clientId: other.clientId, productId: (await world.service(one.serviceId)).productId })).total).toBe(0)
  })

  it('is never more than its cap, rounds down, and a fixed one is what it says', async () => {
    const all = await lates({ price: 5_000_000n }, { lateFee: { ...percent, percent: 3 }, price: 99_999n }, { lateFee: { kind: 'fixed', amount: money(25_000), days: 1 } })
    await at(after(all[0]?.dueAt ?? new Date(), 2))
    // 99.999 and PPN of 10.999: 110.998, of which 3 percent are 3.329,94.
    expect(await Promise.all(all.map(async ({ lateId }) => (await show(lateId)).lateFee?.total.amount))).toEqual(['50000', '3329', '25000'])
  })

  it('is not charged when the invoice was paid, or while a payment is under way', async () => {
    const [paid, trying] = await pair()
    await world.pay(paid.lateId)
    await world.rows(sql`insert into payments (id, invoice_id, client_id, gateway, method, status, amount, created_at) values (${uuidv7()}, ${trying.lateId}, ${trying.clientId}, 'midtrans', 'bca_va', 'pending', 111000, ${test.clock.now().toISOString()})`)
    await at(after(trying.dueAt, 2.5))
    expect(await fees()).toEqual([])
    await world.rows(sql`update payments set status = 'expired'`)
    await at(after(trying.dueAt, 3))
    expect(await fees()).toHaveLength(1)
  })

  it('never suspends or ends anything: paying the late invoice alone lifts the suspension, and the fee stays owed', async () => {
    const { lateId, dueAt, serviceId } = await late()
    for (const days of [2, 2.5, 3.6]) await at(after(dueAt, days))
    expect((await world.service(serviceId)).status).toBe('suspended')
    await world.pay(lateId)
    expect((await world.service(serviceId)).resumeRequestedAt).not.toBeNull()
    await world.activate(serviceId)
    await at(after(dueAt, 20))
    await at(after(dueAt, 25))
    expect((await world.service(serviceId)).status).not.toBe('suspended')
    expect((await fees()).map(fee => fee.status)).toEqual(['issued'])
  })

  it('goes with its invoice: void with a void or wholly credited one, a loss with a service that ended unpaid', async () => {
    const [[voided, credited], [paidFirst, lost]] = await four()
    await at(after(lost.dueAt, 2))
    const statusOf = async (invoiceId: string) => (await show(invoiceId)).lateFee?.status
    await test.app.billing.voidInvoice({ invoiceId: voided.lateId, reason: 'our mistake', actor: finance })
    await test.app.billing.issueCreditNote({ invoiceId: credited.lateId, lines: null, reason: 'our mistake', actor: finance })
    await world.pay(paidFirst.lateId)
    expect(await statusOf(paidFirst.lateId)).toBe('issued')
    await test.app.billing.issueCreditNote({ invoiceId: paidFirst.lateId, lines: null, reason: 'our mistake', actor: finance })
    expect((await world.balances()).late_fees).toBe(-5_550n)
    for (let days = 3; days < 25; days += 1) await at(after(lost.dueAt, days))
    expect(await Promise.all([voided, credited, paidFirst, lost].map(one => statusOf(one.lateId)))).toEqual(['void', 'void', 'void', 'uncollectible'])
    await test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    expect((await test.app.core.read.ledgerAudits.last())?.findings).toEqual([])
  })

  it('waived by staff it is not charged again; a paid one can be credited', async () => {
    const [waived, paid] = await pair()
    await at(after(paid.dueAt, 2))
    const feeOf = async (invoiceId: string) => (await show(invoiceId)).lateFee?.invoiceId ?? ''
    await test.app.billing.voidInvoice({ invoiceId: await feeOf(waived.lateId), reason: 'a kindness', actor: finance })
    await world.pay(await feeOf(paid.lateId))
    await test.app.billing.issueCreditNote({ invoiceId: await feeOf(paid.lateId), lines: null, reason: 'a kindness', actor: finance })
    await at(after(paid.dueAt, 2.2))
    expect((await fees()).map(fee => fee.status)).toEqual(['void', 'paid'])
    expect((await world.balances()).late_fees).toBe(0n)
    await test.app.billing.handlers['billing.ledger-audit-due']({ requestedBy: 'test' })
    expect((await test.app.core.read.ledgerAudits.last())?.findings).toEqual([])
  })

  it('is paid together with its invoice, the late one first', async () => {
    const { lateId, dueAt, clientId } = await late()
    await at(after(dueAt, 2))
    const fee = (await show(lateId)).lateFee?.invoiceId ?? ''
    const client: Actor = { kind: 'user', id: clientId, name: 'Sari', role: 'client' }
    const deposit = await test.app.billing.payTogether({ clientId, invoiceIds: [fee, lateId], actor: client })
    await world.pay(deposit.invoiceId)
    await test.app.billing.handlers['billing.deposit-paid']({ invoiceId: deposit.invoiceId })
    expect([(await show(lateId)).status, (await show(fee)).status]).toEqual(['paid', 'paid'])
  })

  it('credit that came meanwhile is left for the late invoice', async () => {
    const { lateId, dueAt, clientId } = await late()
    await test.app.core.transact(stores => test.app.billing.creditClient(stores, { clientId, amount: money(20_000), causeId: uuidv7(), memo: 'bank', actor: finance }))
    await at(after(dueAt, 2))
    expect((await show(lateId)).lateFee).toMatchObject({ status: 'issued' })
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(20_000n)
  })

  it('counts as invoiced and earned at once, ages like any receivable, and is in no Coretax file', async () => {
    const { dueAt, clientId } = await late()
    await at(after(dueAt, 2))
    const cells = async () => (await test.app.reports.showReport({ report: 'revenue', role: 'finance', from: '2026-12', to: '2026-12', page: 1, pageSize: 5 })).items[0]?.cells as Record<string, { amount: string }> | undefined
    const report = await cells()
    expect(report?.invoiced?.amount).toBe('5550')
    const earned = await test.app.reports.listReportRows({ report: 'revenue', role: 'finance', from: '2026-12', to: '2026-12', key: '2026-12', column: 'earned', limit: 50 })
    expect(earned.items.filter(item => item.label.includes('Denda')).map(item => item.amount.amount)).toEqual(['5550'])
    const ageing = await test.app.reports.showReport({ report: 'ageing', role: 'finance', page: 1, pageSize: 5 })
    expect(ageing.items.map(row => [row.key, (row.cells.total as { amount: string }).amount])).toEqual([[clientId, '116550']])
    expect((await test.app.core.read.taxDocuments.taxedInvoices({ from: new Date('2026-12-01'), to: new Date('2027-01-01'), after: null, limit: 10 })).map(taxed => taxed.invoice.number)).toEqual([])
    const [fee] = await fees()
    const xml = await test.app.billing.writeInvoiceXml({ invoiceId: fee?.id ?? '', clientId: null })
    expect(xml.content).toContain('Denda keterlambatan, bukan penggantian')
  })

  it('the database refuses a second fee of one invoice and half a setting', async () => {
    const { lateId, dueAt } = await late()
    await at(after(dueAt, 2))
    const [fee] = await fees()
    await expect(test.app.core.transact(stores => stores.lateFees.insert({ lateInvoiceId: lateId, feeInvoiceId: fee?.id ?? '' }))).rejects.toThrow()
    await expect(world.rows(sql`delete from late_fees`)).rejects.toThrow()
    await expect(world.rows(sql`update billing_terms set late_fee_days = null`)).rejects.toThrow()
  })
})
