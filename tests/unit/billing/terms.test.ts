import fc from 'fast-check'
import type { z } from 'zod'
import { describe, expect, it } from 'vitest'
import { termsPreviewBody } from '#shared/contracts/terms.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import type { Money } from '#shared/money/money.ts'
import { termsOfInput } from '#server/billing/change-terms.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { applyAction, foresee } from '#server/billing/foresight.ts'
import { railOf, sampleRail } from '#server/billing/invoice-view.ts'
import { firstFee } from '#server/billing/late-fee.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import { planService, scheduleOf } from '#server/billing/service-plan.ts'
import type { CalendarFacts, PlanRules } from '#server/billing/service-plan.ts'
import { rulesFor, strictest } from '#server/billing/terms.ts'
import type { BillingTerms } from '#server/billing/terms.ts'

const hour = 3_600_000
const day = 24 * hour
const rules: PlanRules = { policy: defaultPolicy, calendar: businessCalendar('Asia/Jakarta') }
const paidUntil = new Date('2027-02-02T03:00:00Z')
const base: CalendarFacts = {
  serviceId: 's', clientId: 'c', orderId: 'o', hostname: 'a.contoh.id', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', price: money(100_000), discounts: [], priceChanges: [], periodsPaid: 1, anchorDay: 2, cancelAtPeriodEnd: false, holdUntil: null, paidUntil, renewalIssued: false, invoice: null, terms: null,
}
const house: BillingTerms = { renewalLeadDays: 14, reminderDays: [-7, -3, 0, 1], orderReminderDays: [-1], noticeHours: 24, suspendAfterDays: 3, terminateAfterDays: 15, lateFee: { kind: 'none' } }
const rupiah = (amount: number) => toMoneyJson(money(amount))
/** Terms that the form lets pass, issued early enough that three days of downtime leave the minimum term to pay. */
const terms = fc.record({
  renewalLeadDays: fc.integer({ min: 11, max: 60 }), reminderDays: fc.uniqueArray(fc.integer({ min: -20, max: 10 }), { maxLength: 6 }), orderReminderDays: fc.constantFrom([], [-1], [-2, -1]),
  noticeHours: fc.integer({ min: 24, max: 200 }), suspendAfterDays: fc.integer({ min: 1, max: 30 }), terminateAfterDays: fc.integer({ min: 2, max: 90 }),
  lateFee: fc.oneof(fc.constant({ kind: 'none' as const }), fc.record({ kind: fc.constant('percent' as const), percent: fc.integer({ min: 1, max: 100 }), cap: fc.integer({ min: 1, max: 90_000 }).map(rupiah), days: fc.integer({ min: 1, max: 60 }) }), fc.record({ kind: fc.constant('fixed' as const), amount: fc.integer({ min: 1, max: 90_000 }).map(rupiah), days: fc.integer({ min: 1, max: 60 }) })),
}).map(input => termsPreviewBody.safeParse(input)).filter(parsed => parsed.success).map((parsed): BillingTerms => termsOfInput(parsed.data as z.output<typeof termsPreviewBody>))

function live(moments: readonly Date[], start: CalendarFacts) {
  let facts = start
  const done: { kind: string, at: Date, amount: Money | null }[] = []
  for (const at of moments) {
    for (const planned of planService(facts, rules, at)) {
      const fresh = planService(facts, rules, at).find(action => action.key === planned.key)
      if (!fresh || fresh.held) continue
      facts = applyAction(facts, fresh, at, rules)
      done.push({ kind: fresh.kind, at, amount: fresh.amount })
    }
  }
  return { facts, done }
}
const every = (step: number, from: Date, to: Date) => Array.from({ length: Math.floor((to.getTime() - from.getTime()) / step) + 1 }, (_, i) => new Date(from.getTime() + i * step))

describe('a service with terms of its own', () => {
  it('without any is planned as by the house, and terms equal to the house\'s change nothing', () => {
    fc.assert(fc.property(fc.integer({ min: -40, max: 60 }), (days) => {
      const at = new Date(paidUntil.getTime() + days * day)
      expect(planService({ ...base, terms: house }, rules, at)).toEqual(planService(base, rules, at))
    }))
  })

  it('catching up after up to three days of downtime ends where daily runs end, whatever its terms', () => {
    fc.assert(fc.property(terms, fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 3 }), (own, from, length) => {
      const start = { ...base, terms: own }
      const moments = every(day, new Date(paidUntil.getTime() - (own.renewalLeadDays + 3) * day), new Date(paidUntil.getTime() + (own.terminateAfterDays + 10) * day))
      const at = moments.findIndex(moment => moment.getTime() >= paidUntil.getTime() + (own.suspendAfterDays - own.noticeHours / 24) * day)
      const missed = from % Math.max(1, at)
      const interrupted = live(moments.filter((_, i) => i < missed || i >= missed + length), start)
      const daily = live(moments, start)
      expect(daily.facts.status).toBe('ended')
      expect(interrupted.facts.status).toBe('ended')
      for (const kind of ['issue_renewal_invoice', 'mark_past_due', 'charge_late_fee', 'send_final_notice', 'suspend', 'terminate']) {
        expect(interrupted.done.filter(act => act.kind === kind).length, kind).toBe(daily.done.filter(act => act.kind === kind).length)
      }
    }), { numRuns: 200 })
  })

  it('D9: is never suspended before its own day, nor before its final notice is out for its own hours and at least a day', () => {
    fc.assert(fc.property(terms, fc.uniqueArray(fc.integer({ min: 0, max: 150 * 24 }), { minLength: 1, maxLength: 60 }), (own, offsets) => {
      const moments = offsets.sort((a, b) => a - b).map(offset => new Date(paidUntil.getTime() + (offset - 60 * 24) * hour))
      const { done } = live(moments, { ...base, terms: own })
      const [final, suspend, terminate] = ['send_final_notice', 'suspend', 'terminate'].map(kind => done.find(act => act.kind === kind)?.at.getTime())
      if (suspend !== undefined) {
        expect(suspend).toBeGreaterThanOrEqual((final ?? Infinity) + Math.max(24, own.noticeHours) * hour)
        expect(suspend).toBeGreaterThanOrEqual(paidUntil.getTime() + own.suspendAfterDays * day)
      }
      if (terminate !== undefined) expect(terminate).toBeGreaterThanOrEqual(Math.max(suspend ?? Infinity, paidUntil.getTime() + own.terminateAfterDays * day))
    }), { numRuns: 200 })
  })

  it('looking ahead foretells what running every hour will do, and the rail of the sample says the same days', () => {
    fc.assert(fc.property(terms, (own) => {
      const issuedAt = rules.calendar.shiftDays(paidUntil, -own.renewalLeadDays)
      const end = new Date(paidUntil.getTime() + (own.terminateAfterDays + 5) * day)
      const foretold = foresee({ ...base, terms: own }, rules, issuedAt, end)
      expect(live(every(hour, issuedAt, end), { ...base, terms: own }).done.map(act => act.kind)).toEqual(foretold.map(action => action.kind))
      const rail = sampleRail(rulesFor(own, rules), issuedAt)
      for (const [kind, action] of [['suspension', 'suspend'], ['termination', 'terminate'], ['late_fee', 'charge_late_fee']] as const) expect(rail.find(step => step.kind === kind)?.at).toEqual(foretold.find(step => step.kind === action)?.dueSince)
    }), { numRuns: 30 })
  })

  it('is charged once for being late, on its day or after it, by its own terms and never more than the cap; not while money is on its way', () => {
    fc.assert(fc.property(terms, fc.uniqueArray(fc.integer({ min: 0, max: 150 * 24 }), { minLength: 1, maxLength: 60 }), (own, offsets) => {
      const moments = offsets.sort((a, b) => a - b).map(offset => new Date(paidUntil.getTime() + (offset - 60 * 24) * hour))
      const charged = live(moments, { ...base, terms: own }).done.filter(act => act.kind === 'charge_late_fee')
      expect(charged.length).toBeLessThanOrEqual(own.lateFee.kind === 'none' ? 0 : 1)
      for (const { at, amount } of charged) {
        if (own.lateFee.kind === 'none') throw new Error('nobody agreed to this')
        expect(at.getTime()).toBeGreaterThanOrEqual(paidUntil.getTime() + own.lateFee.days * day)
        const most = own.lateFee.kind === 'fixed' ? own.lateFee.amount.amount : own.lateFee.cap.amount
        expect(amount?.amount).toBe(own.lateFee.kind === 'fixed' ? most : [most, 100_000n * BigInt(own.lateFee.percent) / 100n].sort((a, b) => a < b ? -1 : 1)[0])
      }
      const trying: CalendarFacts = { ...base, terms: own, status: 'past_due', invoice: { invoiceId: 'i', number: 'I', issuedAt: new Date(0), dueAt: paidUntil, outstanding: money(100_000), noticed: [], finalNoticeAt: null, paymentUnderWay: true } }
      for (const at of moments) expect(planService(trying, rules, at).map(action => action.kind)).not.toContain('charge_late_fee')
    }), { numRuns: 200 })
  })

  it('the fee of an invoice for several services is the one that comes first, of two on one day the higher', () => {
    const fee = (amount: number, days: number) => ({ kind: 'fixed' as const, amount: money(amount), days })
    expect(firstFee([fee(9, 3), { kind: 'none' }, fee(1, 2), fee(5, 2)], money(100))).toEqual(fee(5, 2))
    expect(firstFee([], money(100))).toEqual({ kind: 'none' })
  })

  it('an invoice for several services announces the suspension that comes first', () => {
    const late = { ...house, suspendAfterDays: 10, terminateAfterDays: 30 }
    const invoice = { issuedAt: paidUntil, dueAt: paidUntil, paidAt: null, closedAt: null, status: 'issued' as const, taxRule: '' }
    const suspension = (own: (BillingTerms | null)[]) => railOf(invoice, { notices: [], lapses: false, upgrade: false, bound: true }, strictest(own, rules), paidUntil).find(step => step.kind === 'suspension')?.at
    expect(suspension([late, null])).toEqual(scheduleOf({ ...invoice, finalNoticeAt: null }, false, rules).suspendAt)
    expect(suspension([late])).toEqual(new Date(paidUntil.getTime() + 10 * day))
    expect(suspension([])).toEqual(suspension([null]))
  })
})

describe('what terms have to keep', () => {
  const codes = (change: Partial<Record<keyof BillingTerms, unknown>>) => termsPreviewBody.safeParse({ ...house, ...change }).error?.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`) ?? []

  it('the house\'s own terms keep it', () => {
    expect(codes({})).toEqual([])
    expect({ ...house }).toEqual(Object.fromEntries(Object.keys(house).map(key => [key, defaultPolicy[key as keyof BillingTerms]])))
  })

  it('a late fee comes before the service ends, and is a sum that somebody means', () => {
    const fee = { kind: 'fixed', amount: rupiah(5_000), days: 15 }
    expect(codes({ lateFee: fee })).toEqual(['lateFee.days: late_fee_after_termination'])
    expect(codes({ lateFee: { ...fee, days: 14, amount: rupiah(0) } })).toEqual(['lateFee.amount.amount: late_fee_range'])
    expect(codes({ lateFee: { kind: 'percent', percent: 101, cap: rupiah(5_000), days: 2 } })[0]).toContain('lateFee.percent')
  })

  it('the final notice is out for a day, not before the due time, after all reminders, and four days before termination', () => {
    expect(codes({ noticeHours: 23 })[0]).toContain('noticeHours')
    expect(codes({ noticeHours: 96, reminderDays: [-3] })).toEqual(['noticeHours: notice_before_due'])
    expect(codes({ reminderDays: [-3, 3] })).toEqual(['reminderDays: reminder_after_notice'])
    expect(codes({ terminateAfterDays: 5 })).toEqual(['terminateAfterDays: termination_too_soon'])
    expect(codes({ reminderDays: [-3, -3] })).toEqual(['reminderDays: days_twice'])
    expect(codes({ orderReminderDays: [0] })[0]).toContain('orderReminderDays')
  })
})
