import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { recurringCycles, monthsOfCycle } from '#shared/vocabulary/billing.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { judge } from '#server/billing/brake.ts'
import { applyAction, foresee, paidNow } from '#server/billing/foresight.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import { planService } from '#server/billing/service-plan.ts'
import type { CalendarFacts, PlanRules } from '#server/billing/service-plan.ts'

const hour = 3_600_000
const day = 24 * hour
const zones = ['Asia/Jakarta', 'Asia/Jayapura', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC']
const zone = fc.constantFrom(...zones)
const moment = fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2040-01-01T00:00:00Z'), noInvalidDate: true })
const rules: PlanRules = { policy: defaultPolicy, calendar: businessCalendar('Asia/Jakarta') }

/** Half of all starts are where months differ: the last days of January and February, of leap years and of others. */
const start = fc.oneof(moment, fc.record({ year: fc.integer({ min: 2020, max: 2039 }), month: fc.constantFrom(1, 2, 8, 12), day: fc.integer({ min: 28, max: 31 }), hours: fc.integer({ min: 0, max: 23 }) }).map(({ year, month, day: date, hours }) => new Date(Date.UTC(year, month - 1, date, hours))))

describe('periods', () => {
  it('D2, D20: follow one another without gap or overlap, on the anchor day or the last day of a shorter month, in every zone and over leap years', () => {
    fc.assert(fc.property(zone, start, fc.constantFrom(...recurringCycles), fc.integer({ min: 1, max: 40 }), (name, begin, cycle, count) => {
      const calendar = businessCalendar(name)
      const anchor = calendar.dayOf(begin).day
      let from = begin
      for (let i = 1; i <= count; i += 1) {
        const to = calendar.periodEnd(from, monthsOfCycle[cycle], anchor)
        expect(to.getTime()).toBeGreaterThan(from.getTime())
        const { year, month, day: found } = calendar.dayOf(to)
        const length = Temporal.PlainYearMonth.from({ year, month }).daysInMonth
        expect(found).toBe(Math.min(anchor, length))
        const months = Temporal.PlainYearMonth.from({ year: calendar.dayOf(begin).year, month: calendar.dayOf(begin).month }).add({ months: monthsOfCycle[cycle] * i })
        expect([year, month]).toEqual([months.year, months.month])
        from = to
      }
    }), { numRuns: 150 })
  })

  it('31 January, 28 February, 31 March: a short month leaves no trace', () => {
    const calendar = businessCalendar('Asia/Jakarta')
    const starts = [calendar.startOfDay('2027-01-31')]
    for (let i = 0; i < 14; i += 1) starts.push(calendar.periodEnd(starts.at(-1) ?? new Date(0), 1, 31))
    expect(starts.map(start => calendar.isoDay(start)).slice(0, 5)).toEqual(['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31'])
    expect(calendar.isoDay(starts[13] ?? new Date(0))).toBe('2028-02-29')
  })

  it('the short way of counting days in a zone of steady offset equals calendar arithmetic', () => {
    fc.assert(fc.property(zone, moment, fc.integer({ min: -400, max: 400 }), (name, at, days) => {
      const exact = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(name).add({ days }).epochMilliseconds
      expect(businessCalendar(name).shiftDays(at, days).getTime()).toBe(exact)
      expect(businessCalendar(name).isoDay(at)).toBe(Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(name).toPlainDate().toString())
    }))
  })
})

/** What is paid once, for good. */
describe('what is paid once', () => {
  const sold: CalendarFacts = { serviceId: 's', clientId: 'c', orderId: 'o', hostname: 'a.contoh.id', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'one_time', price: money(100_000), anchorDay: null, discounts: [], priceChanges: [], periodsPaid: 1, cancelAtPeriodEnd: false, holdUntil: null, paidUntil: null, forGood: true, renewalIssued: false, invoice: null, terms: null }
  const invoice = { invoiceId: 'i', number: 'I', issuedAt: new Date('2026-11-02T03:00:00Z'), dueAt: new Date('2026-11-05T03:00:00Z'), outstanding: money(111_000), noticed: [], finalNoticeAt: null, paymentUnderWay: false }

  it('asks for nothing and ends by nothing, at any moment and in any look ahead', () => {
    fc.assert(fc.property(moment, fc.integer({ min: 0, max: 4000 }), fc.constantFrom('pending' as const, 'active' as const), fc.boolean(), (at, days, status, byHand) => {
      const facts = { ...sold, status, byHand }
      expect(planService(facts, rules, at)).toEqual([])
      expect(foresee(facts, rules, at, new Date(at.getTime() + days * day))).toEqual([])
    }))
  })

  it('unpaid, its order lapses; paid, it is for good', () => {
    const ordered = { ...sold, status: 'pending' as const, forGood: false, periodsPaid: 0, invoice }
    expect(planService(ordered, rules, new Date('2026-11-06T03:00:00Z')).map(action => action.kind)).toEqual(['expire_order'])
    expect(paidNow(ordered, new Date('2026-11-03T03:00:00Z'), rules)).toMatchObject({ forGood: true, paidUntil: null, status: 'active', invoice: null })
  })

  it('whose payment was taken back: a machine is dunned as for every debt, work is only reminded of', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 400 }), (days) => {
      const kinds = (byHand: boolean) => foresee({ ...sold, byHand, invoice }, rules, invoice.issuedAt, new Date(invoice.issuedAt.getTime() + days * day)).map(action => action.kind)
      expect(kinds(true).every(kind => kind === 'send_reminder')).toBe(true)
      if (days > 30) expect(kinds(false)).toContain('terminate')
    }))
  })
})

const paidUntil = new Date('2026-12-02T03:00:00Z')
const base: CalendarFacts = {
  serviceId: 's', clientId: 'c', orderId: 'o', hostname: 'a.contoh.id', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', price: money(100_000), anchorDay: 2, discounts: [], priceChanges: [], periodsPaid: 1, cancelAtPeriodEnd: false, holdUntil: null, paidUntil, renewalIssued: false, invoice: null, terms: null,
}

/** Runs the calendar at these moments over one service whose client never pays, and answers where it ends and what was done. */
function live(moments: readonly Date[], start: CalendarFacts = base) {
  let facts = start
  const done: { kind: string, at: Date }[] = []
  /** What its client had been told, and whether it was past due, after each run. */
  const told = new Map<number, string>()
  for (const at of moments) {
    for (const planned of planService(facts, rules, at)) {
      const fresh = planService(facts, rules, at).find(action => action.key === planned.key)
      if (!fresh || fresh.held) continue
      facts = applyAction(facts, fresh, at, rules)
      done.push({ kind: fresh.kind, at })
    }
    told.set(at.getTime(), JSON.stringify([facts.renewalIssued, facts.status === 'active', [...facts.invoice?.noticed ?? []].sort()]))
  }
  return { facts, done, told }
}
const every = (step: number, from: Date, to: Date) => Array.from({ length: Math.floor((to.getTime() - from.getTime()) / step) + 1 }, (_, i) => new Date(from.getTime() + i * step))
const stateOf = ({ facts, done }: ReturnType<typeof live>) => ({ status: facts.status, dueAt: facts.invoice?.dueAt, noticed: [...facts.invoice?.noticed ?? []].sort(), kinds: [...new Set(done.map(act => act.kind))].sort() })

describe('the plan', () => {
  const begin = new Date(paidUntil.getTime() - 20 * day)
  const end = new Date(paidUntil.getTime() + 12 * day)

  it('catching up after up to three days of downtime, wherever they fall, gives the same result as daily runs', () => {
    const daily = live(every(day, begin, end))
    fc.assert(fc.property(fc.integer({ min: 0, max: 26 }), fc.integer({ min: 1, max: 3 }), (from, length) => {
      const moments = every(day, begin, end).filter((_, i) => i < from || i >= from + length)
      const late = live(moments)
      expect(stateOf(late)).toEqual(stateOf(daily))
      // The first run afterwards makes up for all that was missed: nobody waits for the next step to hear of the last one.
      for (const [at, told] of late.told) expect([new Date(at), told]).toEqual([new Date(at), daily.told.get(at)])
    }))
  })

  it('termination is caught up with, too, and never before the suspension it follows', () => {
    const long = every(day, begin, new Date(paidUntil.getTime() + 22 * day))
    const daily = stateOf(live(long))
    expect(daily.status).toBe('ended')
    fc.assert(fc.property(fc.integer({ min: 0, max: 36 }), fc.integer({ min: 1, max: 3 }), (from, length) => {
      expect(stateOf(live(long.filter((_, i) => i < from || i >= from + length)))).toEqual(daily)
    }))
  })

  it('hourly and daily runs do the same', () => {
    expect(stateOf(live(every(hour, begin, end)))).toEqual(stateOf(live(every(day, begin, end))))
  })

  it('D9: at whatever moments it runs, a suspension comes 24 hours after the final notice, 3 days after the due time, and never twice', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 50 * 24 }), { minLength: 1, maxLength: 60 }), (offsets) => {
      const moments = offsets.sort((a, b) => a - b).map(offset => new Date(begin.getTime() + offset * hour))
      const { facts, done } = live(moments)
      const find = (kind: string) => done.filter(act => act.kind === kind)
      const [final] = find('send_final_notice')
      const [suspend, ...more] = find('suspend')
      const [terminate] = find('terminate')
      expect(more).toEqual([])
      if (suspend) {
        expect(suspend.at.getTime()).toBeGreaterThanOrEqual((final?.at.getTime() ?? Infinity) + 24 * hour)
        expect(suspend.at.getTime()).toBeGreaterThanOrEqual(paidUntil.getTime() + 3 * day)
      }
      if (terminate) {
        expect(suspend).toBeDefined()
        expect(terminate.at.getTime()).toBeGreaterThanOrEqual((final?.at.getTime() ?? Infinity) + 4 * day)
        expect(terminate.at.getTime()).toBeGreaterThanOrEqual(paidUntil.getTime() + 15 * day)
      }
      expect(find('issue_renewal_invoice').length).toBeLessThanOrEqual(1)
      const steps = facts.invoice?.noticed ?? []
      expect(new Set(steps).size).toBe(steps.length)
    }), { numRuns: 300 })
  })

  it('D9: however long the mail server is away, a suspension comes 24 hours after the letter left, and a look ahead never says sooner', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 20 * 24 }), fc.integer({ min: 1, max: 30 }), (away, step) => {
      let facts = base
      let left: Date | null = null
      let written: Date | null = null
      for (const at of every(step * hour, begin, new Date(end.getTime() + 30 * day))) {
        if (written && !left && at.getTime() >= written.getTime() + away * hour && facts.invoice) {
          left = at
          facts = { ...facts, invoice: { ...facts.invoice, finalNoticeAt: left } }
        }
        const ahead = foresee(facts, rules, at, new Date(at.getTime() + 60 * day)).find(action => action.kind === 'suspend')
        if (ahead && written && !left) expect(ahead.dueSince.getTime()).toBeGreaterThanOrEqual(at.getTime() + 24 * hour)
        for (const action of planService(facts, rules, at)) {
          if (action.kind === 'suspend') expect(at.getTime()).toBeGreaterThanOrEqual((left?.getTime() ?? Infinity) + 24 * hour)
          facts = applyAction(facts, action, at, rules)
          if (action.kind !== 'send_final_notice' || !facts.invoice) continue
          written = at
          facts = { ...facts, invoice: { ...facts.invoice, finalNoticeAt: null } }
        }
      }
      expect(facts.status).toBe('ended')
    }), { numRuns: 60 })
  })

  it('D17: missed reminders are told in one message, and no step is told twice', () => {
    const { done } = live([begin, new Date(paidUntil.getTime() - 8 * day), new Date(paidUntil.getTime() - 2 * day), new Date(paidUntil.getTime() - 2 * day + hour)])
    expect(done.map(act => act.kind)).toEqual(['issue_renewal_invoice', 'send_reminder'])
  })

  it('looking ahead foretells what running every hour will do', () => {
    const foretold = foresee(base, rules, begin, end).map(action => action.kind)
    expect(live(every(hour, begin, end)).done.map(act => act.kind)).toEqual(foretold)
  })

  it('planning changes nothing and answers the same twice', () => {
    fc.assert(fc.property(moment, (at) => {
      const before = structuredClone(base)
      expect(planService(base, rules, at)).toEqual(planService(base, rules, at))
      expect(base).toEqual(before)
    }))
  })

  it('nobody whom staff suspended is billed on, and nobody who is paid up is touched', () => {
    expect(planService({ ...base, status: 'suspended', suspensionReason: 'abuse' }, rules, new Date(paidUntil.getTime() + day))).toEqual([])
    expect(planService(base, rules, begin)).toEqual([])
  })
})

describe('brakes', () => {
  const now = new Date('2026-12-02T03:00:00Z')
  const quiet = { counts: { suspend: 0, terminate: 0 }, live: 1000, last: { at: new Date(now.getTime() - hour), house: 'here' }, house: 'here', now }
  it('let a day of ordinary work pass', () => {
    expect(judge({ ...quiet, counts: { suspend: 20, terminate: 5 } }, rules)).toBeNull()
    expect(judge({ ...quiet, counts: { suspend: 50, terminate: 20 } }, rules)).toBeNull()
  })
  it('stop what looks like a mistake', () => {
    expect(judge({ ...quiet, counts: { suspend: 51, terminate: 0 } }, rules)?.kind).toBe('mass_suspension')
    expect(judge({ ...quiet, counts: { suspend: 0, terminate: 21 } }, rules)?.kind).toBe('mass_termination')
    expect(judge({ ...quiet, last: { at: new Date(now.getTime() - 7 * day - hour), house: 'here' } }, rules)?.kind).toBe('clock_jump')
    expect(judge({ ...quiet, last: { at: new Date(now.getTime() + 2 * hour), house: 'here' } }, rules)?.kind).toBe('clock_backwards')
    expect(judge({ ...quiet, last: { at: new Date(now.getTime() - 3 * day), house: 'here' } }, rules)).toBeNull()
  })
  it('stop a backup that was restored elsewhere; a run before the place was kept says nothing', () => {
    expect(judge({ ...quiet, house: 'there' }, rules)?.kind).toBe('moved')
    expect(judge({ ...quiet, last: { at: new Date(now.getTime() - hour), house: null } }, rules)).toBeNull()
  })
})
