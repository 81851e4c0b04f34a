import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { foresee } from '#server/billing/foresight.ts'
import { renewalsOf } from '#server/billing/foresee-renewals.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import { renewalPrice } from '#server/billing/renewal-price.ts'
import type { PriceTerms } from '#server/billing/renewal-price.ts'
import type { CalendarFacts } from '#server/billing/service-plan.ts'

const day = (iso: string) => new Date(`${iso}T00:00:00Z`)
const terms = (change: Partial<PriceTerms> = {}): PriceTerms => ({ price: money(100_000n), discounts: [], priceChanges: [], periodsPaid: 1, ...change })
const discount = { promoId: 'p', label: 'HEMAT', kind: 'percent' as const, value: 10n, periods: 3 as number | null }
const rules = { policy: defaultPolicy, calendar: businessCalendar('Asia/Jakarta') }
const facts = (change: Partial<CalendarFacts> = {}): CalendarFacts => ({
  serviceId: 's', clientId: 'c', orderId: 'o', hostname: 'web.contoh.id', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', ...terms(), anchorDay: 1, cancelAtPeriodEnd: false, holdUntil: null, paidUntil: day('2027-01-01'), renewalIssued: false, invoice: null, terms: null, ...change,
})

describe('what a renewal costs', () => {
  it('a code of three periods takes off two renewals, one for good takes off all', () => {
    const net = (periodsPaid: number, periods: number | null) => renewalPrice(terms({ periodsPaid, discounts: [{ ...discount, periods }] }), day('2027-01-01')).net.amount
    expect([1, 2, 3].map(paid => net(paid, 3))).toEqual([90_000n, 90_000n, 100_000n])
    expect(net(500, null)).toBe(90_000n)
  })

  it('a pending price holds for periods that begin on its day or later; of several the newest whose day has come', () => {
    const priceChanges = [{ id: '2', price: money(300_000n), from: day('2027-06-01') }, { id: '1', price: money(200_000n), from: day('2027-03-01') }]
    const price = (start: string) => renewalPrice(terms({ priceChanges }), day(start)).price.amount
    expect([price('2027-02-28'), price('2027-03-01'), price('2027-05-31'), price('2027-06-01')]).toEqual([100_000n, 200_000n, 200_000n, 300_000n])
    expect(renewalPrice(terms({ priceChanges, discounts: [discount] }), day('2027-03-01')).net.amount).toBe(180_000n)
  })

  it('a fixed amount larger than a lowered price takes off just the price', () => {
    const outcome = renewalPrice(terms({ price: money(10_000n), discounts: [{ ...discount, kind: 'fixed', value: 25_000n }] }), day('2027-01-01'))
    expect(outcome).toMatchObject({ net: money(0n), discounts: [{ amount: money(10_000n) }] })
  })

  it('plan, look ahead and forecast tell the sums of the very periods, whatever runs out or begins between them', () => {
    const value = fc.record({ periods: fc.constantFrom(2, 3, 5, null), value: fc.bigInt(1n, 99n), from: fc.integer({ min: 0, max: 11 }), next: fc.bigInt(1n, 500_000n) })
    fc.assert(fc.property(value, ({ periods, value: percent, from, next }) => {
      const start = facts({ discounts: [{ ...discount, value: percent, periods }], priceChanges: [{ id: '1', price: money(next), from: new Date(Date.UTC(2027, from, 1)) }] })
      const foreseen = [...renewalsOf(start, rules, day('2026-12-01'), day('2027-12-02'))]
      expect(foreseen).toHaveLength(12)
      foreseen.forEach((renewal, i) => expect(renewal.price).toEqual(renewalPrice({ ...start, periodsPaid: 1 + i }, renewal.dueAt).net))
      expect(foresee(start, rules, day('2026-12-01'), day('2026-12-20')).find(action => action.kind === 'issue_renewal_invoice')?.amount).toEqual(foreseen[0]?.price)
    }))
  })

  it('a renewal that a code makes free is left out of the forecast and ends with the code', () => {
    const start = facts({ discounts: [{ ...discount, value: 100n, periods: 3 }] })
    expect([...renewalsOf(start, rules, day('2026-12-01'), day('2027-04-02'))].map(renewal => renewal.dueAt.toISOString().slice(0, 7))).toEqual(['2027-03', '2027-04'])
  })
})
