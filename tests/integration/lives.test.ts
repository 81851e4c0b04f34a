import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { reportsOf } from '#db/repositories/reports.ts'
import { products, users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { money } from '#shared/money/money.ts'
import type { UserActor } from '#server/platform/http.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'
import { billingWorld, day, hour, tester } from '../support/billing.ts'
import { shopWorld } from '../support/shop.ts'

const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))

describe.each(databaseKinds())('lives of a subscription on %s', (kind) => {
  let test: TestApp
  let world: ReturnType<typeof billingWorld>
  let shop: ReturnType<typeof shopWorld>
  let actor: UserActor
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
    world = billingWorld(test.app)
    shop = shopWorld(test.app)
  })
  beforeEach(async () => {
    await world.reset()
    test.clock.set('2026-11-02T03:00:00Z')
    actor = { kind: 'user', id: uuidv7(), name: 'Dewi', role: 'business' }
    await test.app.core.database.executor.insert(users).values({ id: actor.id, email: 'dewi@contoh.test', name: 'Dewi', passwordHash: 'x', role: 'business', createdAt: test.clock.now() })
  })
  afterAll(() => test.close())

  const sweep = () => world.sweep(true)
  const at = (moment: string | Date) => {
    test.clock.set(moment)
    return sweep()
  }
  const told = async (serviceId: string) => (await test.app.billing.describeServices([serviceId])).get(serviceId)
  const newest = async (serviceId: string) => world.invoice((await world.invoicesOf(serviceId)).at(-1)?.id ?? '')
  const schedule = (serviceId: string, cancel: boolean) => test.app.core.transact(stores => test.app.billing.scheduleCancellation(stores, { serviceId, clientId: null, cancel, actor }))

  describe('a cancellation at the end of what is paid', () => {
    it('is told to its client once per turn, with the day on which it ends', async () => {
      const { serviceId, clientId } = await world.running()
      for (const cancel of [true, true, false, false]) {
        await schedule(serviceId, cancel)
        test.clock.advance(hour)
      }
      expect([await world.mails('service_cancelled', clientId), await world.mails('service_kept', clientId)].map(list => list.length)).toEqual([1, 1])
      expect(await world.rows(sql`select params ->> 'endsOn' as day from mails where template = 'service_cancelled'`)).toEqual([{ day: '2 Des 2026' }])
    })
  })

  describe('discounts by hand', () => {
    const give = (serviceId: string, more: Partial<Parameters<TestApp['app']['billing']['giveDiscount']>[0]> = {}) => test.app.billing.giveDiscount({ serviceId, label: 'Setia', kind: 'percent', value: 10n, periods: 2, reason: 'a good client', actor, ...more })
    async function renew(serviceId: string) {
      const end = (await world.periods(serviceId)).at(-1)?.periodEnd ?? new Date(0)
      await at(new Date(end.getTime() - 14 * day))
      const invoice = await newest(serviceId)
      if (invoice.status === 'issued') await world.pay(invoice.id)
      return invoice.taxable
    }

    it('hold for so many renewals, each as its page told, and then no more', async () => {
      const { serviceId, clientId } = await world.running()
      await give(serviceId)
      expect((await told(serviceId))?.nextInvoice?.discount).toEqual(money(10_000n))
      expect([await renew(serviceId), await renew(serviceId), await renew(serviceId)]).toEqual([90_000n, 90_000n, 100_000n])
      expect(await test.app.billing.listDiscounts(serviceId)).toEqual({ items: [] })
      expect(await world.mails('discount_given', clientId)).toHaveLength(1)
      expect(await world.rows(sql`select after ->> 'reason' as reason from audit_log where action = 'service.give-discount'`)).toEqual([{ reason: 'a good client' }])
    })

    it('count from the renewal after one that is written already', async () => {
      const { serviceId } = await world.running()
      await at('2026-11-19T03:00:00Z')
      await give(serviceId, { periods: 1 })
      await world.pay((await newest(serviceId)).id)
      expect([await renew(serviceId), await renew(serviceId)]).toEqual([90_000n, 100_000n])
    })

    it('end no sooner than the notice of a higher price, told to the client; taken off twice is refused', async () => {
      const { serviceId, clientId } = await world.running()
      await give(serviceId, { periods: null, kind: 'fixed', value: 25_000n })
      const { items: [discount] } = await test.app.billing.listDiscounts(serviceId)
      const off = () => test.app.billing.takeDiscountOff({ serviceId, discountId: discount?.id ?? '', reason: 'agreed by telephone', actor })
      test.clock.advance(2 * day)
      await off()
      expect(await codeOf(off())).toBe('not_found')
      // Two days later, the period of 2 December is less than thirty days ahead.
      expect([await renew(serviceId), await renew(serviceId)]).toEqual([75_000n, 100_000n])
      expect(await world.mails('discount_ends', clientId)).toHaveLength(1)
    })

    it('are refused for what has ended, for what is not paid yet, and beyond ten', async () => {
      const { serviceId: pending } = await world.order()
      expect(await codeOf(give(pending))).toBe('service_not_ready')
      const { serviceId } = await world.running()
      for (let i = 0; i < 10; i += 1) await give(serviceId, { value: 1n, periods: null })
      expect(await codeOf(give(serviceId))).toBe('discounts_full')
    })
  })

  describe('a free trial', () => {
    async function offer(options: Parameters<typeof shop.product>[1] & { days?: number, term?: number } = {}) {
      const place = await shop.connection()
      const productId = await shop.product(place, options)
      await test.app.core.database.executor.update(products).set({ trialDays: options.days ?? 14, fixedTermPeriods: options.term ?? null }).where(eq(products.id, productId))
      return { ...place, productId, item: () => ({ ...shop.item(productId, place.templateId), trial: true }) }
    }
    const place = (clientId: string, items: Parameters<typeof shop.ordering.placeOrder>[0]['items'], promoCodes: string[] = []) => shop.ordering.placeOrder({ clientId, items, promoCodes, cartToken: null })
    async function begun(options: Parameters<typeof offer>[0] = {}, promoCodes: string[] = []) {
      const offered = await offer(options)
      const clientId = await shop.buyer()
      const order = await place(clientId, [offered.item()], promoCodes)
      const serviceId = order.items[0]?.serviceId ?? ''
      await world.activate(serviceId)
      return { ...offered, clientId, order, serviceId }
    }

    it('asks for nothing: no invoice, a free period from now, the build, a mail, and the order fulfilled when it runs', async () => {
      const { order, serviceId, clientId } = await begun()
      expect(order).toMatchObject({ invoiceId: null, total: { amount: '0' } })
      expect(await world.periods(serviceId)).toMatchObject([{ periodStart: new Date('2026-11-02T03:00:00Z'), periodEnd: new Date('2026-11-16T03:00:00Z'), amount: 0n, invoiceId: null }])
      expect(await world.jobs('billing.service-paid', 'serviceId', serviceId)).toBe(1)
      expect(await world.orderRow(order.id)).toMatchObject({ status: 'fulfilled' })
      expect(await world.mails('trial_began', clientId)).toHaveLength(1)
      expect((await world.balances()).receivable ?? 0n).toBe(0n)
    })

    it('is followed without a gap by the first paid period, invoiced at once where the lead is longer, due when it ends', async () => {
      const { serviceId } = await begun({ days: 5 })
      expect((await told(serviceId))?.trialEndsAt).toEqual(new Date('2026-11-07T03:00:00Z'))
      await sweep()
      const invoice = await newest(serviceId)
      expect(invoice).toMatchObject({ status: 'issued', taxable: 100_000n, dueAt: new Date('2026-11-07T03:00:00Z') })
      await world.pay(invoice.id)
      expect((await world.periods(serviceId))[1]).toMatchObject({ periodStart: new Date('2026-11-07T03:00:00Z'), periodEnd: new Date('2026-12-07T03:00:00Z'), amount: 100_000n })
    })

    it('gives no more free days than the terms of every invoice: unpaid it is past due when it ends, suspended and ended by the calendar', async () => {
      const { serviceId } = await begun()
      await sweep()
      await at('2026-11-16T03:00:00Z')
      expect(await world.service(serviceId)).toMatchObject({ status: 'past_due' })
      await at('2026-11-18T04:00:00Z')
      await at('2026-11-19T05:00:00Z')
      expect(await world.service(serviceId)).toMatchObject({ status: 'suspended', suspensionReason: 'nonpayment' })
      await at('2026-12-05T05:00:00Z')
      expect(await world.service(serviceId)).toMatchObject({ status: 'ended', endReason: 'nonpayment' })
    })

    it('cancelled while it runs ends with it and costs nothing, though its invoice is written', async () => {
      const { serviceId } = await begun()
      await sweep()
      await schedule(serviceId, true)
      await at('2026-11-16T03:00:00Z')
      expect(await world.service(serviceId)).toMatchObject({ status: 'ended', endReason: 'request' })
      expect(await newest(serviceId)).toMatchObject({ status: 'void' })
      expect((await world.balances()).receivable).toBe(0n)
    })

    it('is given once per client and product, however many orders come at once', async () => {
      const offered = await offer()
      const clientId = await shop.buyer()
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => codeOf(place(clientId, [offered.item()]))))
      expect(outcomes.sort()).toEqual(['no error', 'trial_used', 'trial_used', 'trial_used'])
      expect(await world.rows(sql`select 1 from services`)).toHaveLength(1)
      expect(await codeOf(place(await shop.buyer(), [offered.item()]))).toBe('no error')
    })

    it('is refused beside other lines, of a product without one, and to who is not verified or has no profile', async () => {
      const offered = await offer()
      const clientId = await shop.buyer()
      expect(await codeOf(place(clientId, [offered.item(), { ...offered.item(), trial: false }]))).toBe('trial_alone')
      expect(await codeOf(place(clientId, [{ ...shop.item(await shop.product(offered), offered.templateId), trial: true }]))).toBe('trial_unavailable')
      expect(await codeOf(place(await shop.buyer({ verified: false }), [offered.item()]))).toBe('email_unverified')
      expect(await codeOf(place(await shop.buyer({ profile: false }), [offered.item()]))).toBe('profile_incomplete')
    })

    it('moves a promo code to the first paid period and on from there; the quote says so', async () => {
      const once = await shop.promo({ value: 50n, periods: 1 })
      const { serviceId, item } = await begun({ setup: 30_000n }, [once.code])
      expect(await shop.redemptionsOf(once.id)).toMatchObject([{ status: 'committed' }])
      const twice = await shop.promo({ value: 20n, periods: 2 })
      const quote = await shop.ordering.quoteCart({ cart: { items: [item()], promoCodes: [twice.code] }, clientId: null, unknown: 'refuse' })
      expect(quote).toMatchObject({ total: { amount: '0' }, lines: [{ trial: { days: 14, endsOn: '2026-11-16' }, nextInvoiceOn: '2026-11-16', setup: { amount: '0' } }] })
      expect(BigInt(quote.lines[0]?.nextInvoiceTotal?.amount ?? 0)).toBe(test.app.taxes.computeTax(money(80_000n), test.clock.now()).total.amount)
      await sweep()
      const first = await newest(serviceId)
      expect(first.taxable).toBe(50_000n)
      await world.pay(first.id)
      await at('2026-12-02T03:00:00Z')
      expect((await newest(serviceId)).taxable).toBe(100_000n)
    })

    it('takes no change of plan while it runs, and is no recurring revenue before it is paid', async () => {
      const { serviceId } = await begun()
      const subject = await test.app.billing.findChangeSubject(null, { serviceId, clientId: null, lock: false })
      expect(subject?.refusal).toBe('trial_running')
      const month = { month: '2026-11', firstDay: 0, nextDay: 30, start: new Date('2026-10-31T17:00:00Z'), end: new Date('2026-11-30T17:00:00Z') }
      const mrr = async () => (await reportsOf(test.app.core.database.executor, 'Asia/Jakarta').mrr([month]))[0]
      expect(await mrr()).toMatchObject({ new: 0n, end: 0n, clients: 0 })
      await sweep()
      await world.pay((await newest(serviceId)).id)
      expect(await mrr()).toMatchObject({ new: 100_000n, end: 100_000n, clients: 1 })
    })

    it('with a fixed term runs for all of its paid periods beside the free days', async () => {
      const { serviceId } = await begun({ term: 2 })
      expect(await world.service(serviceId)).toMatchObject({ endsAt: new Date('2027-01-16T03:00:00Z') })
    })
  })

  describe('a fixed term', () => {
    const setTerm = (serviceId: string, periods: number | null) => test.app.billing.setTerm({ serviceId, periods, reason: 'as agreed', actor })

    it('sold with a product ends by itself after its last paid period, told before, and is never renewed after it', async () => {
      const { serviceId, invoiceId, clientId } = await world.order()
      await world.rows(sql`update services set term_periods = 2 where id = ${serviceId}`)
      await world.pay(invoiceId)
      await world.activate(serviceId)
      expect(await world.service(serviceId)).toMatchObject({ endsAt: new Date('2027-01-02T03:00:00Z'), termPeriods: null })
      await at('2026-11-19T03:00:00Z')
      await world.pay((await newest(serviceId)).id)
      expect((await told(serviceId))?.nextInvoiceOn).toBeNull()
      for (const moment of ['2026-12-04T03:00:00Z', '2026-12-05T03:00:00Z', '2026-12-20T03:00:00Z', '2026-12-26T03:00:00Z', '2026-12-27T03:00:00Z']) await at(moment)
      expect((await world.mails('service_term', clientId)).map(mail => mail.dedupe_key.split(':').at(-1))).toEqual(['30', '7'])
      const plan = await test.app.billing.showPlan({ at: new Date('2027-01-02T03:00:00Z'), page: 1, pageSize: 10, locale: 'en' })
      expect(plan.items).toMatchObject([{ kind: 'end_at_period_end', reason: 'Its fixed term is paid whole and ends on 2 Jan 2027; nothing follows.' }])
      await at('2027-01-02T03:00:00Z')
      expect(await world.service(serviceId)).toMatchObject({ status: 'ended', endReason: 'fixed_term' })
      expect(await world.invoicesOf(serviceId)).toHaveLength(2)
    })

    it('is set and lifted by staff with a reason, and told; lifted, it renews again', async () => {
      const { serviceId, clientId } = await world.running()
      await setTerm(serviceId, 0)
      expect((await told(serviceId))?.endsAt).toEqual(new Date('2026-12-02T03:00:00Z'))
      await at('2026-11-19T03:00:00Z')
      expect(await world.invoicesOf(serviceId)).toHaveLength(1)
      test.clock.advance(hour)
      await setTerm(serviceId, null)
      await sweep()
      expect(await world.invoicesOf(serviceId)).toHaveLength(2)
      expect(await codeOf(setTerm(serviceId, 0))).toBe('renewal_open')
      expect(await world.mails('service_term_lifted', clientId)).toHaveLength(1)
      expect(await world.rows(sql`select count(*)::int as n from audit_log where action = 'service.set-term'`)).toEqual([{ n: 2 }])
    })

    it('whose last invoice is owed again is dunned like every debt instead of ending quietly', async () => {
      const { serviceId, invoiceId, clientId } = await world.running()
      await setTerm(serviceId, 0)
      const [payment] = await world.rows<{ cause_id: string }>(sql`select cause_id from journal_entries where cause = 'payment_received'`)
      const { total } = await world.invoice(invoiceId)
      await test.app.core.transact(stores => test.app.billing.reversePayment(stores, { paymentId: payment?.cause_id ?? '', invoiceId, clientId, gateway: 'midtrans', amount: money(total), at: test.clock.now(), actor: tester, cause: 'charged_back' }))
      await at('2026-12-03T03:00:00Z')
      expect((await world.service(serviceId)).status).not.toBe('ended')
    })
  })
})
