import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eq, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { payments, services } from '#db/schema/index.ts'
import type { Actor } from '#server/kernel/ports.ts'
import { money } from '#shared/money/money.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, hour, tester } from '../support/billing.ts'

describe.each(databaseKinds())('billing calendar on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    test.clock.set('2026-11-02T03:00:00Z')
  })
  afterAll(() => test.close())
  const status = async (serviceId: string) => (await world.service(serviceId)).status
  const actions = async (serviceId: string, at?: Date) => (await test.app.billing.showPlan({ page: 1, pageSize: 100, locale: 'en', at })).items.filter(item => item.serviceId === serviceId).map(item => item.kind)
  /** Runs the calendar at the end of each of so many days. */
  async function days(count: number) {
    for (let i = 0; i < count; i += 1) {
      test.clock.advance(day)
      await world.sweep()
    }
  }

  it('follows an unpaid renewal from its invoice to the end: reminders, past due, final notice, suspension, termination', async () => {
    const { serviceId, clientId } = await world.running()
    // Paid on 2 November 10:00 WIB: the period ends on 2 December.
    await days(15)
    expect(await world.invoicesOf(serviceId)).toHaveLength(1)
    await days(1)
    const renewal = (await world.invoicesOf(serviceId)).at(-1)
    expect(renewal).toMatchObject({ status: 'issued' })
    const invoiceId = renewal?.id ?? ''
    expect((await world.invoice(invoiceId)).dueAt?.toISOString()).toBe('2026-12-02T03:00:00.000Z')
    await days(14)
    expect(await world.notices(invoiceId)).toEqual(['before-7', 'before-3', 'due'])
    expect(await status(serviceId)).toBe('past_due')
    await days(2)
    expect(await world.notices(invoiceId)).toEqual(['before-7', 'before-3', 'due', 'after-1', 'final'])
    expect(await status(serviceId)).toBe('past_due')
    await days(1)
    expect(await world.service(serviceId)).toMatchObject({ status: 'suspended', suspensionReason: 'nonpayment' })
    expect(await world.jobs('billing.service-suspended', 'serviceId', serviceId)).toBe(1)
    await days(11)
    expect(await status(serviceId)).toBe('suspended')
    await days(1)
    expect(await world.service(serviceId)).toMatchObject({ status: 'ended', endReason: 'nonpayment' })
    expect((await world.invoice(invoiceId)).status).toBe('uncollectible')
    expect(await world.jobs('billing.service-ended', 'serviceId', serviceId)).toBe(1)
    expect(await world.mails('invoice_reminder', clientId)).toHaveLength(4)
    expect(await world.mails('final_notice', clientId)).toHaveLength(1)
    const balances = await world.balances()
    expect(Object.values(balances).reduce((a, b) => a + b, 0n)).toBe(0n)
    expect(balances).toMatchObject({ bad_debt: 100_000n, ppn_payable: -11_000n })
  })

  it('D8: money for an ended service becomes credit and revives nothing', async () => {
    const { serviceId, clientId } = await world.running()
    await days(45)
    expect(await status(serviceId)).toBe('ended')
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    const result = await world.pay(invoiceId, 111_000n)
    expect(result).toMatchObject({ toInvoice: { amount: 0n }, toCredit: { amount: 111_000n }, invoicePaid: false })
    expect(await status(serviceId)).toBe('ended')
    expect((await world.invoice(invoiceId)).status).toBe('uncollectible')
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(111_000n)
    expect(await world.mails('payment_to_credit', clientId)).toHaveLength(1)
    expect(await world.periods(serviceId)).toHaveLength(1)
  })

  it('D9: nobody is suspended for a final notice that has not left the house; the 24 hours count from when the mail server took it', async () => {
    const { serviceId } = await world.running()
    await days(31)
    // The mail server is away from the day of the final notice on.
    for (let i = 0; i < 5; i += 1) {
      test.clock.advance(day)
      await test.app.billing.runBilling({ actor: tester, confirmBrake: false })
    }
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    expect(await world.notices(invoiceId)).toContain('final')
    expect(await status(serviceId)).toBe('past_due')
    expect(await actions(serviceId)).toEqual([])
    const rail = async () => (await test.app.billing.showInvoice({ invoiceId, clientId: null, locale: 'en' })).rail.filter(step => step.reason.includes('inal notice'))
    expect(await rail()).toMatchObject([{ done: false, reason: expect.stringContaining('waits for the mail server') }])
    await world.post()
    const left = test.clock.now()
    expect(await rail()).toMatchObject([{ done: true, at: left.toISOString() }])
    test.clock.advance(day - hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('past_due')
    test.clock.advance(hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('suspended')
  })

  it('a final notice that the mail server refuses for good counts from then: a wrong address does not keep a service for ever', async () => {
    const { serviceId, clientId } = await world.running()
    await days(31)
    test.clock.advance(day)
    await test.app.billing.runBilling({ actor: tester, confirmBrake: false })
    test.clock.advance(day)
    const [letter] = await world.rows<{ id: string }>(sql`select id from mails where template = 'final_notice' and user_id = ${clientId}`)
    await test.app.core.transact(stores => stores.mails.markAttempt(letter?.id ?? '', '550 no such mailbox', { failed: true, forget: false }))
    test.clock.advance(day - hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('past_due')
    test.clock.advance(hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('suspended')
  })

  it('nobody is suspended for money that we hold: credit that covers an overdue invoice pays it instead of a final notice', async () => {
    const { serviceId, clientId, invoiceId } = await world.running()
    await days(30)
    const renewal = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    await world.pay(invoiceId, 100_000n)
    await days(1)
    expect((await world.invoice(renewal)).status).toBe('issued')
    await world.pay(invoiceId, 50_000n)
    await days(3)
    expect((await world.invoice(renewal)).status).toBe('paid')
    expect(await status(serviceId)).toBe('active')
    expect(await world.mails('final_notice', clientId)).toEqual([])
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(39_000n)
    expect(await world.periods(serviceId)).toHaveLength(2)
  })

  it('a late payment while suspended follows the old period without a gap and asks for the machine at once', async () => {
    const { serviceId } = await world.running()
    await days(34)
    expect(await status(serviceId)).toBe('suspended')
    await world.pay((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')
    const periods = await world.periods(serviceId)
    expect(periods.map(period => period.periodStart.toISOString())).toEqual(['2026-11-02T03:00:00.000Z', '2026-12-02T03:00:00.000Z'])
    expect(periods[0]?.periodEnd).toEqual(periods[1]?.periodStart)
    expect(await status(serviceId)).toBe('suspended')
    expect(await world.jobs('billing.service-resumable', 'serviceId', serviceId)).toBe(1)
    await world.activate(serviceId)
    expect(await status(serviceId)).toBe('active')
  })

  it('D9: no suspension without an issued invoice that is overdue and a final notice a day old, however late the calendar runs', async () => {
    const { serviceId } = await world.running()
    test.clock.advance(60 * day)
    await world.sweep(true)
    expect(await status(serviceId)).toBe('active')
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    expect((await world.invoice(invoiceId)).dueAt?.getTime()).toBe(test.clock.now().getTime() + 7 * day)
    await days(6)
    // The calendar stands still while the final notice falls due; it is sent late, and counts from then.
    test.clock.advance(7 * day)
    await world.sweep()
    expect(await status(serviceId)).toBe('past_due')
    test.clock.advance(23 * hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('past_due')
    test.clock.advance(hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('suspended')
  })

  it('D2: renewals are derived from paid periods: neither a second payment nor a second run renews twice', async () => {
    const { serviceId, clientId } = await world.running()
    await days(16)
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    await world.pay(invoiceId)
    await world.pay(invoiceId, 111_000n)
    await world.sweep()
    await world.sweep()
    expect(await world.periods(serviceId)).toHaveLength(2)
    expect(await world.invoicesOf(serviceId)).toHaveLength(2)
    expect(await test.app.core.read.ledger.credit(clientId)).toBe(111_000n)
  })

  it('whatever is paid, taken back, and when, and however often the calendar runs: paid periods follow each other without gap or double, and each is invoiced once', { timeout: 240_000 }, async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ act: fc.constant('wait' as const), times: fc.integer({ min: 1, max: 18 }) }) }, { weight: 3, arbitrary: fc.record({ act: fc.constant('pay' as const), times: fc.integer({ min: 1, max: 3 }) }) },
      fc.record({ act: fc.constant('take_back' as const), times: fc.constant(1) }), fc.record({ act: fc.constant('run' as const), times: fc.integer({ min: 2, max: 3 }) }),
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      await world.reset()
      test.clock.set('2028-01-31T03:00:00Z')
      const { serviceId, clientId } = await world.running()
      const paid: { paymentId: string, invoiceId: string, amount: bigint }[] = []
      for (const { act, times } of steps) {
        if (act === 'wait') test.clock.advance(times * day)
        else if (act === 'pay') {
          const invoiceId = (await world.invoicesOf(serviceId)).findLast(invoice => invoice.status === 'issued')?.id
          for (let i = 0; invoiceId && i < times; i++) paid.push({ invoiceId, amount: 111_000n, paymentId: (await world.pay(invoiceId, 111_000n)).paymentId })
        } else if (act === 'take_back') {
          const last = paid.pop()
          if (last) await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { ...last, clientId, gateway: 'midtrans', amount: money(last.amount), at: test.clock.now(), actor: tester, cause: 'denied' }))
        }
        await Promise.all(Array.from({ length: act === 'run' ? times : 1 }, () => test.app.billing.runBilling({ actor: tester, confirmBrake: true })))
        const periods = await world.periods(serviceId)
        expect(periods.slice(1).map(period => period.periodStart.toISOString())).toEqual(periods.slice(0, -1).map(period => period.periodEnd?.toISOString()))
        expect(await world.rows(sql`select l.period_start from invoice_lines l join invoices i on i.id = l.invoice_id and i.status in ('issued', 'paid') where l.service_id = ${serviceId} and l.kind = 'service' group by 1 having count(*) > 1`)).toEqual([])
        expect(await test.app.core.read.ledger.credit(clientId) >= 0n).toBe(true)
      }
    }), { numRuns: kind === 'postgres' ? 12 : 4 })
  })

  it('D4: the first invoice is bound to period 0: paid, taken back and paid again it makes one period', async () => {
    const { serviceId, clientId, invoiceId } = await world.order()
    const first = await world.pay(invoiceId)
    const booking = { paymentId: first.paymentId, invoiceId, clientId, gateway: 'midtrans' as const, amount: first.toInvoice, at: test.clock.now(), actor: tester, cause: 'denied' as const }
    for (let i = 0; i < 2; i += 1) await test.app.core.transact(stores => test.app.billing.reversePayment(stores, booking))
    expect((await world.invoice(invoiceId)).status).toBe('issued')
    test.clock.advance(2 * day)
    await world.pay(invoiceId)
    expect(await world.periods(serviceId)).toHaveLength(1)
    expect((await world.invoice(invoiceId)).status).toBe('paid')
    expect(await world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
  })

  it('D17: two runs at once send each notice and issue each invoice once', async () => {
    const all = []
    for (let i = 0; i < 8; i++) all.push(await world.running())
    const atOnce = () => Promise.all(Array.from({ length: 4 }, () => test.app.billing.runBilling({ actor: tester, confirmBrake: true })))
    const tally = (runs: Awaited<ReturnType<typeof atOnce>>) => [runs.reduce((sum, run) => sum + run.done, 0), runs.reduce((sum, run) => sum + run.failed, 0)]
    test.clock.advance(16 * day)
    // One does it, and the others see under the lock that it is done: none runs into the database's last guard.
    expect(tally(await atOnce())).toEqual([8, 0])
    for (const { serviceId } of all) expect(await world.invoicesOf(serviceId)).toHaveLength(2)
    test.clock.advance(7 * day)
    expect(tally(await atOnce())).toEqual([8, 0])
    for (const { serviceId, clientId } of all) {
      expect(await world.notices((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')).toEqual(['before-7'])
      expect(await world.mails('invoice_reminder', clientId)).toHaveLength(1)
    }
  })

  it('D19: one row that cannot be billed stops no other', async () => {
    const broken = await world.running()
    const sound = await world.running()
    // What a faulty import might leave: an agreed price that no invoice can carry.
    await test.app.core.database.executor.execute(sql`alter table invoice_lines add constraint fault check (service_id <> ${sql.raw(`'${broken.serviceId}'`)}) not valid`)
    test.clock.advance(17 * day)
    const run = await world.sweep(true)
    expect(run).toMatchObject({ status: 'done', done: 1, failed: 1 })
    expect(await world.invoicesOf(sound.serviceId)).toHaveLength(2)
    expect(await world.invoicesOf(broken.serviceId)).toHaveLength(1)
    await test.app.core.database.executor.execute(sql`alter table invoice_lines drop constraint fault`)
  })

  it('D20: the day of renewal is that of the business zone, and a month end does not drift', async () => {
    // 31 January 00:30 in Jakarta is still 30 January in UTC.
    test.clock.set('2027-01-30T17:30:00Z')
    const { serviceId } = await world.running()
    for (let month = 0; month < 3; month += 1) {
      const paidUntil = (await world.periods(serviceId)).at(-1)?.periodEnd ?? new Date()
      test.clock.set(new Date(paidUntil.getTime() - 13 * day))
      await world.sweep(true)
      await world.pay((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')
    }
    const starts = (await world.periods(serviceId)).map(period => test.app.billing.calendar.isoDay(period.periodStart))
    expect(starts).toEqual(['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30'])
  })

  it('an unpaid order is reminded once and lapses at its due time; what comes later is credit', async () => {
    const { serviceId, orderId, invoiceId, clientId } = await world.order({ prices: [50_000n, 70_000n] })
    await days(2)
    expect(await world.notices(invoiceId)).toEqual(['before-1', 'before-1'])
    expect(await world.mails('invoice_reminder', clientId)).toHaveLength(1)
    await days(1)
    expect((await world.orderRow(orderId)).status).toBe('cancelled')
    expect((await world.invoice(invoiceId)).status).toBe('void')
    expect(await world.service(serviceId)).toMatchObject({ status: 'ended', endReason: 'order_expired' })
    expect(await world.mails('order_expired', clientId)).toHaveLength(1)
    expect(await world.pay(invoiceId, 133_200n)).toMatchObject({ toCredit: { amount: 133_200n } })
    expect(await status(serviceId)).toBe('ended')
  })

  it('other modules are told once when an order is paid and once when it lapses, in the same transaction', async () => {
    const told: string[] = []
    test.app.billing.connect({
      onOrderPaid: async (_, orderId) => void told.push(`paid ${orderId}`),
      onOrderExpired: async (_, orderId) => void told.push(`expired ${orderId}`),
    })
    const [paid, lapsed] = [await world.order(), await world.order({ prices: [1000n, 2000n] })]
    const { paymentId } = await world.pay(paid.invoiceId)
    await world.pay(paid.invoiceId, 111_000n, paymentId)
    await days(3)
    await world.sweep()
    expect(told).toEqual([`paid ${paid.orderId}`, `expired ${lapsed.orderId}`])
    test.app.billing.connect({ onOrderPaid: () => Promise.reject(new Error('promo store is broken')) })
    const third = await world.order()
    await expect(world.pay(third.invoiceId)).rejects.toThrow('promo store')
    expect((await world.invoice(third.invoiceId)).status).toBe('issued')
    test.app.billing.connect({ onOrderPaid: async () => {}, onOrderExpired: async () => {} })
  })

  it('a payment under way postpones suspension once, by at most a day', async () => {
    const { serviceId, clientId } = await world.running()
    await days(32)
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    await test.app.core.database.executor.insert(payments).values({ id: uuidv7(), invoiceId, clientId, gateway: 'midtrans', method: 'bca_va', status: 'pending', amount: 111_000n, createdAt: test.clock.now() })
    test.clock.advance(day + 23 * hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('past_due')
    expect(await actions(serviceId)).toEqual([])
    test.clock.advance(hour)
    await world.sweep()
    expect(await status(serviceId)).toBe('suspended')
  })

  it('a held service is shown in the plan and left alone until the hold ends', async () => {
    const { serviceId } = await world.running()
    await test.app.billing.setHold({ serviceId, until: new Date(test.clock.now().getTime() + 20 * day), reason: 'migration', actor: tester })
    await days(18)
    expect((await test.app.billing.showPlan({ page: 1, pageSize: 20, locale: 'id' })).items).toMatchObject([{ kind: 'issue_renewal_invoice', held: true }])
    expect(await world.invoicesOf(serviceId)).toHaveLength(1)
    await days(2)
    expect(await world.invoicesOf(serviceId)).toHaveLength(2)
  })

  it('a service cancelled at period end gets no renewal and ends when what is paid ends, its open invoice void', async () => {
    const early = await world.running()
    const late = await world.running()
    const cancel = (serviceId: string, clientId: string) => test.app.core.transact(stores => test.app.billing.scheduleCancellation(stores, { serviceId, clientId, cancel: true, actor: tester }))
    await cancel(early.serviceId, early.clientId)
    await days(20)
    await cancel(late.serviceId, late.clientId)
    await days(10)
    expect(await world.invoicesOf(early.serviceId)).toHaveLength(1)
    expect(await world.service(early.serviceId)).toMatchObject({ status: 'ended', endReason: 'request' })
    expect(await world.service(late.serviceId)).toMatchObject({ status: 'ended', endReason: 'request' })
    expect((await world.invoicesOf(late.serviceId)).at(-1)?.status).toBe('void')
    await expect(cancel(late.serviceId, early.clientId)).rejects.toMatchObject({ code: 'not_found' })
  })

  it('the plan of a future date tells everything until then, and the run at that date does exactly what it then says', async () => {
    const { serviceId } = await world.running()
    const at = (count: number) => new Date(test.clock.now().getTime() + count * day)
    expect(await actions(serviceId)).toEqual([])
    const foretold = await actions(serviceId, at(46))
    expect(foretold).toEqual(['issue_renewal_invoice', 'send_reminder', 'send_reminder', 'mark_past_due', 'send_reminder', 'send_reminder', 'send_final_notice', 'suspend', 'terminate'])
    const done = []
    for (let count = 0; count < 46; count += 1) {
      test.clock.advance(day)
      done.push(...await actions(serviceId))
      await world.sweep()
      expect(await actions(serviceId)).toEqual([])
    }
    expect(done).toEqual(foretold)
  })

  it('what is foretold for a service that is paid now is what its plan says once it was paid: invoiced, past due, suspended, an order', async () => {
    const keys = async (serviceId: string, which: 'paid' | 'unpaid') => ((await test.app.billing.explainService({ serviceId, locale: 'en' }))[which] ?? []).map(action => `${action.kind} ${action.dueSince}`)
    for (const [age, state] of [[17, 'active'], [31, 'past_due'], [34, 'suspended'], [0, 'pending']] as const) {
      test.clock.set('2026-11-02T03:00:00Z')
      const { serviceId } = state === 'pending' ? await world.order() : await world.running()
      await days(age)
      expect(await status(serviceId)).toBe(state)
      const foretold = await keys(serviceId, 'paid')
      expect(foretold[0]).toMatch(/^issue_renewal_invoice /)
      expect(await keys(serviceId, 'unpaid')).not.toEqual(foretold)
      await world.pay((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')
      await world.activate(serviceId)
      expect(await keys(serviceId, 'unpaid')).toEqual(foretold)
      expect((await test.app.billing.explainService({ serviceId, locale: 'en' })).paid).toBeNull()
      await world.reset()
    }
    await expect(test.app.billing.explainService({ serviceId: uuidv7(), locale: 'en' })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('brakes: a mass suspension, a jump of the clock and time that runs backwards stop the run before it did anything', async () => {
    const all = []
    for (let i = 0; i < 22; i += 1) all.push(await world.running())
    await days(32)
    test.clock.advance(day)
    const stopped = await world.sweep()
    expect(stopped).toMatchObject({ status: 'stopped_by_brake', done: 0 })
    expect(stopped.brake).toContain('mass_suspension')
    expect(await status(all[0]?.serviceId ?? '')).toBe('past_due')
    await expect(test.app.billing.runBillingByStaff({ actor: tester, confirmBrake: false })).rejects.toMatchObject({ code: 'billing_brake' })
    expect(await test.app.billing.runBilling({ actor: tester, confirmBrake: true })).toMatchObject({ status: 'done', done: 22 })
    test.clock.advance(8 * day)
    expect((await world.sweep()).brake).toContain('clock_jump')
    test.clock.advance(-20 * day)
    expect((await world.sweep()).brake).toContain('clock_backwards')
  })

  it('four eyes: many machines are destroyed only when two people let it pass within a day, and never by the same one twice', async () => {
    for (let i = 0; i < 7; i += 1) await world.running()
    for (let i = 0; i < 46; i += 1) {
      test.clock.advance(day)
      await world.sweep(i < 40)
    }
    const living = async () => (await world.rows<{ n: number }>(sql`select count(*)::int as n from services where status <> 'ended'`))[0]?.n
    const person = async (name: string): Promise<Actor & { kind: 'user' }> => ({ kind: 'user', id: await world.client(name), name, role: 'finance' })
    const [first, second] = [await person('Rina'), await person('Hendra')]
    const letPass = (actor: Actor) => test.app.billing.runBillingByStaff({ actor, confirmBrake: true })
    await expect(letPass(first)).rejects.toMatchObject({ code: 'billing_second_person' })
    await expect(letPass(first)).rejects.toMatchObject({ code: 'billing_second_person' })
    expect(await living()).toBe(7)
    expect((await test.app.billing.showPlan({ page: 1, pageSize: 5, locale: 'en' })).confirmed).toMatchObject({ name: 'Rina' })
    // More would end than the first one saw: the second one's word is the first of the new number.
    await test.app.core.database.executor.execute(sql`update billing_runs set confirmed_terminations = 6 where confirmed_by = ${first.id}`)
    await expect(letPass(second)).rejects.toMatchObject({ code: 'billing_second_person' })
    expect(await letPass(first)).toMatchObject({ status: 'done' })
    expect(await living()).toBe(0)
  })

  it('a database that was restored elsewhere duns nobody until a person says so', async () => {
    await world.running()
    await world.sweep(true)
    await test.app.core.database.executor.execute(sql`update billing_runs set house = 'https://elsewhere.test gardu/1'`)
    const stopped = await world.sweep()
    expect(stopped).toMatchObject({ status: 'stopped_by_brake', done: 0 })
    expect(stopped.brake).toContain('moved: https://elsewhere.test gardu/1 →')
    await world.sweep(true)
    expect(await world.sweep()).toMatchObject({ status: 'done' })
  })

  it('a staff suspension is not lifted by a payment, and a resume overtaken by it activates nothing', async () => {
    const { serviceId } = await world.running()
    await days(34)
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    await world.pay(invoiceId)
    await test.app.core.transact(stores => test.app.billing.suspendService(stores, { serviceId, reason: 'abuse', note: 'spam', actor: tester }))
    await world.activate(serviceId)
    expect(await world.service(serviceId)).toMatchObject({ status: 'suspended', suspensionReason: 'abuse' })
    await test.app.core.transact(stores => test.app.billing.resumeService(stores, { serviceId, note: 'solved', actor: tester }))
    await world.activate(serviceId)
    expect(await status(serviceId)).toBe('active')
  })

  it('a price of 0 renews by a period without an invoice', async () => {
    const { serviceId, invoiceId } = await world.order({ prices: [0n] })
    expect((await world.invoice(invoiceId)).status).toBe('paid')
    await world.activate(serviceId)
    await days(16)
    expect(await world.invoicesOf(serviceId)).toHaveLength(1)
    expect((await world.periods(serviceId)).map(period => [period.amount, period.invoiceId === null])).toEqual([[0n, false], [0n, true]])
  })

  it('a voided renewal can be invoiced again, and what was dunned for it returns', async () => {
    const { serviceId } = await world.running()
    await days(34)
    expect(await status(serviceId)).toBe('suspended')
    const invoiceId = (await world.invoicesOf(serviceId)).at(-1)?.id ?? ''
    await test.app.billing.voidInvoice({ invoiceId, reason: 'wrong buyer', actor: tester })
    expect(await world.jobs('billing.service-resumable', 'serviceId', serviceId)).toBe(1)
    await world.activate(serviceId)
    await world.sweep()
    expect((await world.invoicesOf(serviceId)).map(invoice => invoice.status)).toEqual(['paid', 'void', 'issued'])
  })

  it('the database refuses a state that the lifecycle does not know', async () => {
    const { serviceId } = await world.running()
    await expect(test.app.core.database.executor.update(services).set({ status: 'pending' }).where(eq(services.id, serviceId))).rejects.toThrow()
  })
})
