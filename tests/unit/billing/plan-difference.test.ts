import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { comparePlans } from '#server/billing/plan-difference.ts'
import { withInvoice } from '#server/billing/plan-entry.ts'
import type { PlanEntry } from '#server/billing/plan-entry.ts'
import { explainDifference } from '#server/billing/plan-why.ts'
import type { PlanEvidence } from '#server/billing/plan-why.ts'

const calendar = businessCalendar('Asia/Jakarta')
const at = (day: number) => new Date(Date.UTC(2026, 10, day))
const until = at(20)
const entry = (more: Partial<PlanEntry> = {}): PlanEntry => ({ serviceId: 's', kind: 'suspend', mark: 'i', invoiceId: 'i', periodStart: null, amount: money(100n), dueSince: at(5), plannedAt: at(5), held: false, ...more })
const anyEntry = fc.record({ kind: fc.constantFrom('suspend', 'terminate', 'send_reminder'), mark: fc.constantFrom('a', 'b', 'c'), day: fc.integer({ min: 1, max: 30 }), sum: fc.bigInt(0n, 3n), held: fc.boolean() })
  .map(({ day, sum, kind, ...rest }) => entry({ ...rest, kind: kind as PlanEntry['kind'], dueSince: at(day), plannedAt: at(day), amount: money(sum) }))
const anyPlan = fc.uniqueArray(anyEntry, { selector: one => `${one.kind} ${one.mark}`, maxLength: 9 })

describe('two plans of a service', () => {
  it('a plan does not differ from itself', () => {
    fc.assert(fc.property(anyPlan, (plan) => {
      expect(comparePlans(plan, plan, until, calendar)).toEqual([])
    }))
  })
  it('turned around, what came went and what changed changed; each act is told once, and only what either plan has by then', () => {
    fc.assert(fc.property(anyPlan, anyPlan, (before, now) => {
      const turned = { came: 'went', went: 'came', changed: 'changed' } as const
      const key = (one: PlanEntry | null) => `${one?.kind} ${one?.mark}`
      const there = comparePlans(before, now, until, calendar)
      const back = comparePlans(now, before, until, calendar)
      expect(there.map(one => `${turned[one.change]} ${key(one.now ?? one.before)}`).toSorted()).toEqual(back.map(one => `${one.change} ${key(one.now ?? one.before)}`).toSorted())
      expect(new Set(there.map(one => key(one.now ?? one.before))).size).toBe(there.length)
      expect(there.every(one => [one.before, one.now].some(side => side !== null && side.plannedAt <= until))).toBe(true)
    }))
  })
  it('an hour on the same day is no change, another day is', () => {
    const later = (milliseconds: number) => [entry({ dueSince: new Date(at(5).getTime() + milliseconds) })]
    expect(comparePlans([entry()], later(3_600_000), until, calendar)).toEqual([])
    expect(comparePlans([entry()], later(86_400_000), until, calendar)).toHaveLength(1)
  })
  it('an act about an invoice that was not written yet is the same act once it is', () => {
    const before = entry({ kind: 'send_reminder', mark: `@${at(12).toISOString()}:due`, invoiceId: null, periodStart: at(12) })
    expect(withInvoice(before, 'INV')).toMatchObject({ mark: 'INV:due', invoiceId: 'INV' })
    expect(withInvoice(entry({ kind: 'issue_renewal_invoice', mark: at(12).toISOString(), periodStart: at(12) }), 'INV').mark).toBe(at(12).toISOString())
  })
})

describe('why a plan differs', () => {
  const service: PlanEvidence['service'] = { serviceId: 's', hostname: 'h', clientName: 'c', createdAt: at(1), orderNumber: 'ORD-1', status: 'active', suspensionReason: null, endReason: null, endedAt: null, cancelAtPeriodEnd: false, holdUntil: null, periodPaidAt: null, changeAskedAt: null, priceToldAt: null, termsChangedAt: null, moves: [] }
  const invoice: NonNullable<PlanEvidence['invoice']> = { invoiceId: 'i', number: 'INV-1', status: 'issued', issuedAt: at(1), paidAt: null, closedAt: null, total: money(100n), booked: { cause: 'invoice_issued', at: at(1) }, feeAt: null }
  const evidence = (more: Partial<PlanEvidence> = {}): PlanEvidence => ({ since: at(4), now: at(5), service, invoice, renewed: false, noticedAt: () => null, paymentUnderWay: false, wasHeld: false, ...more })
  const went = (more?: Partial<PlanEvidence>, of: Partial<PlanEntry> = {}) => explainDifference({ change: 'went', before: entry(of), now: null }, evidence(more)).code
  const came = (more?: Partial<PlanEvidence>) => explainDifference({ change: 'came', before: null, now: entry() }, evidence(more)).code
  const changed = (now: Partial<PlanEntry>, more?: Partial<PlanEvidence>) => explainDifference({ change: 'changed', before: entry(), now: entry(now) }, evidence(more)).code

  it('without a trace the cause is unknown', () => {
    expect([went(), came(), changed({ dueSince: at(9) }), changed({ amount: money(5n) })]).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
  })
  it('what was carried out is told by its own trace, not by the clock', () => {
    const suspended = { ...service, status: 'suspended', suspensionReason: 'nonpayment', moves: [{ to: 'suspended', at: at(5) }] } as const
    expect(went({ service: suspended })).toBe('done')
    expect(went({ service: { ...suspended, suspensionReason: 'abuse' } })).toBe('suspended')
    expect(went({ noticedAt: step => step === 'due' ? at(5) : null }, { kind: 'send_reminder', mark: 'i:due' })).toBe('done')
    expect(went({ noticedAt: step => step === 'due' ? at(5) : null }, { kind: 'send_reminder', mark: 'i:after-1' })).toBe('unknown')
    expect(went({ renewed: true }, { kind: 'issue_renewal_invoice' })).toBe('done')
  })
  it('money, ends, holds and payments under way each have their name', () => {
    expect(went({ invoice: { ...invoice, status: 'paid', paidAt: at(5), booked: { cause: 'payment_received', at: at(5) } } })).toBe('paid')
    expect(went({ invoice: { ...invoice, status: 'paid', paidAt: at(5), booked: { cause: 'credit_applied', at: at(5) } } })).toBe('paid_by_credit')
    expect(went({ invoice: { ...invoice, status: 'void', closedAt: at(5) } })).toBe('voided')
    expect(went({ service: { ...service, status: 'ended', endReason: 'request', endedAt: at(5) } })).toBe('ended')
    expect(went({ service: { ...service, holdUntil: at(30) } })).toBe('held')
    expect(went({ service: { ...service, holdUntil: at(3) } })).toBe('unknown')
    expect(went({ paymentUnderWay: true })).toBe('payment_under_way')
    expect(came({ service: { ...service, createdAt: at(5) } })).toBe('ordered')
    expect(came({ wasHeld: true })).toBe('hold_over')
    expect(came({ invoice: { ...invoice, booked: { cause: 'payment_reversed', at: at(5) } } })).toBe('money_back')
  })
  it('a sum, a day and a hold that changed are explained by what changed them', () => {
    expect(changed({ amount: money(5n) }, { invoice: { ...invoice, booked: { cause: 'payment_received', at: at(5) } } })).toBe('partly_paid')
    expect(changed({ amount: money(5n) }, { invoice: { ...invoice, booked: { cause: 'credit_note', at: at(5) } } })).toBe('credited')
    expect(changed({ dueSince: at(9) }, { noticedAt: () => at(5) })).toBe('final_notice_sent')
    expect(changed({ dueSince: at(9) }, { service: { ...service, termsChangedAt: at(5) } })).toBe('terms')
    expect([changed({ held: true }, { service: { ...service, holdUntil: at(30) } })]).toEqual(['held'])
  })
})
