import { expect, it } from 'vitest'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { renewalsOf } from '#server/billing/foresee-renewals.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import type { CalendarFacts } from '#server/billing/service-plan.ts'
import { money } from '#shared/money/money.ts'

const rules = { policy: defaultPolicy, calendar: businessCalendar('Asia/Jakarta') }
const [now, until] = [new Date('2026-11-02T03:00:00Z'), new Date('2027-01-31T03:00:00Z')]
const service: CalendarFacts = {
  serviceId: 's', clientId: 'c', orderId: 'o', hostname: 'web.contoh.id', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', price: money(100_000n), anchorDay: 30,
  discounts: [], priceChanges: [], periodsPaid: 1, cancelAtPeriodEnd: false, holdUntil: null, paidUntil: new Date('2026-11-29T17:00:00Z'), renewalIssued: false, invoice: null, terms: null,
}
const due = (change: Partial<CalendarFacts> = {}) => [...renewalsOf({ ...service, ...change }, rules, now, until)].map(renewal => renewal.dueAt.toISOString().slice(0, 10))

it('the renewals of ninety days, if all are paid in time, begin where the paid periods end', () => {
  expect(due()).toEqual(['2026-11-29', '2026-12-29', '2027-01-29'])
  expect(due({ cycle: 'annually' })).toEqual(['2026-11-29'])
})

it('one that is invoiced already is an open invoice and not foreseen again', () => {
  expect(due({ renewalIssued: true })).toEqual(['2026-12-29', '2027-01-29'])
})

it('what is cancelled, free, ended, not built yet or suspended by staff renews nothing', () => {
  for (const change of [{ cancelAtPeriodEnd: true }, { price: money(0n) }, { status: 'ended' }, { status: 'pending' }, { status: 'suspended', suspensionReason: 'abuse' }] as const) expect(due(change)).toEqual([])
})

it('a hold is waited for: its renewal is due a minimum term after it', () => {
  expect(due({ holdUntil: new Date('2026-12-10T03:00:00Z') })[0]).toBe('2026-12-17')
})
