import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { applyAction, foresee } from '#server/billing/foresight.ts'
import { freeRunAfter, nameOfFree, readHolidays } from '#server/billing/free-days.ts'
import type { FreeDays } from '#server/billing/free-days.ts'
import { defaultPolicy } from '#server/billing/policy.ts'
import { planService, scheduleOf } from '#server/billing/service-plan.ts'
import type { CalendarFacts, PlanRules } from '#server/billing/service-plan.ts'

const hour = 3_600_000
const day = 24 * hour
const calendar = businessCalendar('Asia/Jakarta')
const policy = { ...defaultPolicy, lateFee: { kind: 'fixed' as const, amount: money(5_000), days: 2 } }
const paidUntil = new Date('2027-02-02T03:00:00Z')
const iso = (days: number) => calendar.isoDay(calendar.shiftDays(paidUntil, days))
const free = fc.record({ weekends: fc.boolean(), offsets: fc.uniqueArray(fc.integer({ min: -25, max: 25 }), { maxLength: 35 }) })
  .map(({ weekends, offsets }): FreeDays => ({ weekends, names: new Map(offsets.map(offset => [iso(offset), `hari ${offset}`])) }))
const base: CalendarFacts = {
  serviceId: 's', clientId: 'c', orderId: 'o', hostname: 'a.contoh.id', clientName: 'Sari', status: 'active', suspensionReason: null, cycle: 'monthly', price: money(100_000), discounts: [], priceChanges: [], periodsPaid: 1, anchorDay: 2, cancelAtPeriodEnd: false, holdUntil: null, paidUntil, renewalIssued: false, invoice: null, terms: null,
}
const invoice = { issuedAt: calendar.shiftDays(paidUntil, -14), dueAt: paidUntil, finalNoticeAt: null }
const plain: PlanRules = { policy, calendar }

function live(moments: readonly Date[], rules: PlanRules) {
  let facts = base
  const done: { kind: string, at: Date }[] = []
  for (const at of moments) {
    for (const planned of planService(facts, rules, at)) {
      const fresh = planService(facts, rules, at).find(action => action.key === planned.key)
      if (!fresh) continue
      facts = applyAction(facts, fresh, at, rules)
      done.push({ kind: fresh.kind, at })
    }
  }
  return { facts, done }
}
const every = (step: number, from: Date, to: Date) => Array.from({ length: Math.floor((to.getTime() - from.getTime()) / step) + 1 }, (_, i) => new Date(from.getTime() + i * step))

describe('free days', () => {
  it('move notices alone: what they announce stays where it is', () => {
    fc.assert(fc.property(free, (freeDays) => {
      const [moved, own] = [scheduleOf(invoice, false, { ...plain, freeDays }), scheduleOf(invoice, false, plain)]
      expect([moved.suspendAt, moved.terminateAt, moved.lateFeeAt]).toEqual([own.suspendAt, own.terminateAt, own.lateFeeAt])
      const kinds = (rules: PlanRules) => live(every(hour, calendar.shiftDays(paidUntil, -16), calendar.shiftDays(paidUntil, 17)), rules).done.filter(act => !/reminder|notice/.test(act.kind))
      expect(kinds({ ...plain, freeDays })).toEqual(kinds(plain))
    }), { numRuns: 40 })
  })

  it('a notice goes out on a working day, else on its own: earlier up to the due date, later after it, at the latest with the final notice, which is out for its hours', () => {
    fc.assert(fc.property(free, (freeDays) => {
      const [moved, own] = [scheduleOf(invoice, false, { ...plain, freeDays }), scheduleOf(invoice, false, plain)]
      const works = (at: Date) => nameOfFree(calendar.isoDay(at), freeDays) === undefined
      for (const { step, at, days } of own.reminders) {
        const found = moved.reminders.find(reminder => reminder.step === step)
        if (!found) throw new Error(`${step} is lost`)
        if (found.at.getTime() !== at.getTime()) expect(found.moved?.from).toEqual(at)
        if (works(at)) expect(found.at.getTime()).toBe(Math.min(at.getTime(), days > 0 ? moved.finalNoticeAt.getTime() : Infinity))
        if (days <= 0) expect(found.at.getTime()).toBeLessThanOrEqual(at.getTime())
        else expect(found.at <= moved.finalNoticeAt).toBe(true)
        expect(found.at > invoice.issuedAt).toBe(true)
        expect(works(found.at) || found.at.getTime() === at.getTime() || found.at.getTime() === moved.finalNoticeAt.getTime()).toBe(true)
      }
      expect(moved.finalNoticeAt <= own.finalNoticeAt && moved.finalNoticeAt >= paidUntil).toBe(true)
      expect(moved.suspendAt.getTime() - moved.finalNoticeAt.getTime()).toBeGreaterThanOrEqual(policy.noticeHours * hour)
      expect(moved.reminders.map(step => step.at.getTime())).toEqual(moved.reminders.map(step => step.at.getTime()).toSorted((a, b) => a - b))
    }), { numRuns: 300 })
  })

  it('catching up ends where daily runs end, and looking ahead foretells what running every hour will do', () => {
    fc.assert(fc.property(free, fc.integer({ min: 0, max: 14 }), fc.integer({ min: 1, max: 3 }), (freeDays, missed, length) => {
      const rules = { ...plain, freeDays }
      const [from, to] = [calendar.shiftDays(paidUntil, -14), calendar.shiftDays(paidUntil, 17)]
      const daily = every(day, from, to)
      const end = ({ facts, done }: ReturnType<typeof live>) => [facts.status, ...['charge_late_fee', 'send_final_notice', 'suspend', 'terminate'].map(kind => done.filter(act => act.kind === kind).length)]
      expect(end(live(daily.filter((_, i) => i < missed || i >= missed + length), rules))).toEqual(end(live(daily, rules)))
      expect(live(every(hour, from, to), rules).done.map(act => act.kind)).toEqual(foresee(base, rules, from, to).map(action => action.kind))
    }), { numRuns: 30 })
  })

  it('a reminder says which day it was moved from and why', () => {
    const freeDays: FreeDays = { weekends: true, names: new Map([[iso(-3), 'Imlek']]) }
    // 2 February 2027 is a Tuesday: three days before is a Saturday with a name of its own, and Friday works.
    const { reminders, finalNoticeMoved } = scheduleOf(invoice, false, { ...plain, freeDays })
    expect(reminders.find(step => step.days === -3)).toMatchObject({ at: calendar.shiftDays(paidUntil, -4), moved: { from: calendar.shiftDays(paidUntil, -3), name: 'Imlek' } })
    expect(finalNoticeMoved).toBeUndefined()
    const planned = planService({ ...base, renewalIssued: true, invoice: { ...invoice, invoiceId: 'i', number: 'I', outstanding: money(1), noticed: ['before-7'], paymentUnderWay: false } }, { ...plain, freeDays }, calendar.shiftDays(paidUntil, -4))
    expect(planned.map(action => [action.kind, action.reason.moved?.name])).toEqual([['send_reminder', 'Imlek']])
  })

  it('so far ahead as the free days reach, a notice is looked for', () => {
    const freeDays: FreeDays = { weekends: false, names: new Map([[iso(1), 'a'], [iso(2), 'b'], [iso(4), 'c']]) }
    expect([freeRunAfter(paidUntil, calendar, freeDays), freeRunAfter(calendar.shiftDays(paidUntil, 2), calendar, freeDays), freeRunAfter(paidUntil, calendar, undefined)]).toEqual([2, 0, 0])
  })

  it('are read one a line, as they are pasted; a line that is none is named', () => {
    expect(readHolidays('2027-05-01 Hari Buruh\n\n17/8/2027, Kemerdekaan RI \r\n25/12/2027: Natal')).toEqual({ days: [{ day: '2027-05-01', name: 'Hari Buruh' }, { day: '2027-08-17', name: 'Kemerdekaan RI' }, { day: '2027-12-25', name: 'Natal' }], wrong: [] })
    expect(readHolidays('2027-02-30 Tidak ada\nNatal\n31/04/2027 Salah\n2027-05-01').wrong).toEqual([1, 2, 3, 4])
  })
})
