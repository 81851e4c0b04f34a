import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { daysUntil, partsUntil } from '#server/billing/alignment.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { termIsPaid } from '#server/billing/service-plan.ts'
import { money } from '#shared/money/money.ts'
import { recurringCycles, monthsOfCycle } from '#shared/vocabulary/billing.ts'

const calendar = businessCalendar('Asia/Jakarta')
const moment = fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2029-12-31T00:00:00Z') }).map(at => new Date(at))
const service = fc.record({ paidUntil: moment, cycle: fc.constantFrom(...recurringCycles), anchorDay: fc.constant(null), price: fc.bigInt({ min: 0n, max: 50_000_000n }).map(amount => money(amount)), days: fc.integer({ min: 0, max: 400 }) })
  .map(({ days, ...own }) => ({ own: { ...own, discounts: [], priceChanges: [], periodsPaid: 1 }, day: calendar.isoDay(calendar.shiftDays(own.paidUntil, days)), days }))

describe('bringing services to one day', () => {
  it('goes on from what is paid to that day without a gap, an overlap or an empty part', () => {
    fc.assert(fc.property(service, ({ own, day, days }) => {
      const parts = partsUntil(own, day, calendar)
      let at = own.paidUntil
      for (const part of parts) {
        expect(part.periodStart).toEqual(at)
        expect(part.periodEnd.getTime()).toBeGreaterThan(at.getTime())
        at = part.periodEnd
      }
      expect(calendar.isoDay(at)).toBe(day)
      expect(daysUntil(own.paidUntil, day, calendar)).toBe(days)
      expect(parts.slice(0, -1).every(part => part.whole)).toBe(true)
    }))
  })

  it('asks the full price of whole periods, and of a part no more than its days are worth and less than a Rupiah too little', () => {
    fc.assert(fc.property(service, ({ own, day }) => {
      for (const part of partsUntil(own, day, calendar)) {
        const end = calendar.periodEnd(part.periodStart, monthsOfCycle[own.cycle], calendar.dayOf(own.paidUntil).day)
        const [used, whole] = [daysUntil(part.periodStart, calendar.isoDay(part.periodEnd), calendar), daysUntil(part.periodStart, calendar.isoDay(end), calendar)]
        const exact = own.price.amount * BigInt(used)
        expect(part.price.amount * BigInt(whole) <= exact && exact < (part.price.amount + 1n) * BigInt(whole)).toBe(true)
      }
    }))
  })

  it('further ahead never costs less', () => {
    fc.assert(fc.property(service, fc.integer({ min: 1, max: 100 }), ({ own, day }, more) => {
      const total = (until: string) => partsUntil(own, until, calendar).reduce((sum, part) => sum + part.price.amount, 0n)
      expect(total(calendar.isoDay(calendar.shiftDays(calendar.startOfDay(day), more)))).toBeGreaterThanOrEqual(total(day))
    }))
  })
})

describe('a fixed term', () => {
  it('is paid after exactly its number of periods, on whatever day it begins', () => {
    fc.assert(fc.property(moment, fc.constantFrom(...recurringCycles), fc.integer({ min: 1, max: 12 }), (from, cycle, periods) => {
      const anchorDay = calendar.dayOf(from).day
      const endsAt = calendar.periodEnd(from, monthsOfCycle[cycle] * periods, anchorDay)
      let paidUntil = from
      let paid = 0
      while (!termIsPaid({ paidUntil, endsAt })) {
        paidUntil = calendar.periodEnd(paidUntil, monthsOfCycle[cycle], anchorDay)
        paid += 1
      }
      expect([paid, paidUntil]).toEqual([periods, endsAt])
    }))
  })
})
