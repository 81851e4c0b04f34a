import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { money } from '#shared/money/money.ts'
import { recurringCycles, monthsOfCycle } from '#shared/vocabulary/billing.ts'
import { businessCalendar } from '#server/billing/business-calendar.ts'
import { chargeOf, dayNumberOf, unusedOf } from '#server/billing/proration.ts'

const amount = fc.bigInt({ min: 0n, max: 10n ** 12n })
const period = fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 1, max: 366 })).map(([from, length]) => ({ from, to: from + length }))
const within = ({ from, to }: { from: number, to: number }) => fc.integer({ min: from, max: to })

describe('the price of a change by exact days', () => {
  it('a period cut at any days is worth exactly its amount: no Rupiah is lost or made', () => {
    fc.assert(fc.property(period.chain(days => fc.tuple(fc.constant(days), amount, fc.array(within(days), { maxLength: 8 }))), ([days, price, cuts]) => {
      const edges = [days.from, ...cuts.sort((a, b) => a - b), days.to]
      const slices = edges.slice(1).map((edge, i) => unusedOf(money(price), days, edges[i] ?? 0).amount - unusedOf(money(price), days, edge).amount)
      expect(slices.every(slice => slice >= 0n)).toBe(true)
      expect(slices.reduce((a, b) => a + b, 0n)).toBe(price)
      // What was used is rounded down, by the exact share of its days: the odd Rupiah stands with the days that are left.
      const length = BigInt(days.to - days.from)
      for (const cut of cuts) expect(price - unusedOf(money(price), days, cut).amount).toBe(price * BigInt(cut - days.from) / length)
      expect([unusedOf(money(price), days, days.from - 5).amount, unusedOf(money(price), days, days.to + 5).amount]).toEqual([price, 0n])
    }))
  })

  it('upgraded in steps, at any days, a client pays in all what each price costs for its own days', () => {
    const steps = period.chain(days => fc.tuple(fc.constant(days), amount, fc.array(fc.tuple(within(days), amount), { minLength: 1, maxLength: 6 })))
    fc.assert(fc.property(steps, ([days, first, found]) => {
      const changes = found.toSorted((a, b) => a[0] - b[0])
      let [paid, price] = [first, first]
      for (const [day, next] of changes) {
        paid += chargeOf({ days, price: money(price) }, money(next), day).net.amount
        price = next
      }
      const edges = [days.from, ...changes.map(([day]) => day), days.to]
      const prices = [first, ...changes.map(([, next]) => next)]
      const owed = prices.reduce((sum, each, i) => sum + unusedOf(money(each), days, edges[i] ?? 0).amount - unusedOf(money(each), days, edges[i + 1] ?? 0).amount, 0n)
      expect(paid).toBe(owed)
    }))
  })

  it('two steps on one day cost what the way at once costs', () => {
    fc.assert(fc.property(period.chain(days => fc.tuple(fc.constant(days), within(days), amount, amount, amount)), ([days, day, a, b, c]) => {
      const cost = (from: bigint, to: bigint) => chargeOf({ days, price: money(from) }, money(to), day).net.amount
      expect(cost(a, b) + cost(b, c)).toBe(cost(a, c))
    }))
  })

  it('never negative for a price that is not lower, never more than the difference, and less the later it is', () => {
    fc.assert(fc.property(period.chain(days => fc.tuple(fc.constant(days), within(days), amount, amount)), ([days, day, old, more]) => {
      const { net, days: left } = chargeOf({ days, price: money(old) }, money(old + more), day)
      expect(net.amount >= 0n && net.amount <= more).toBe(true)
      expect(chargeOf({ days, price: money(old) }, money(old + more), days.from).net.amount).toBe(more)
      expect(chargeOf({ days, price: money(old) }, money(old + more), days.to).net.amount).toBe(0n)
      expect(left.to - left.from).toBe(days.to - day)
    }))
  })

  it('the same local days cost the same in every zone, over leap years and changes of the clock', () => {
    const zones = ['Asia/Jakarta', 'Asia/Jayapura', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC']
    const start = fc.date({ min: new Date('2020-01-01T12:00:00Z'), max: new Date('2040-01-01T12:00:00Z'), noInvalidDate: true }).map(at => at.toISOString().slice(0, 10))
    fc.assert(fc.property(start, fc.constantFrom(...recurringCycles), fc.integer({ min: 0, max: 365 }), amount, amount, (isoDay, cycle, after, old, more) => {
      const costs = zones.map((zone) => {
        const calendar = businessCalendar(zone)
        const from = calendar.startOfDay(isoDay)
        const to = calendar.periodEnd(from, monthsOfCycle[cycle], calendar.dayOf(from).day)
        const day = (at: Date) => dayNumberOf(calendar.isoDay(at))
        return chargeOf({ days: { from: day(from), to: day(to) }, price: money(old) }, money(old + more), day(calendar.shiftDays(from, after)))
      })
      for (const cost of costs) expect(cost).toEqual(costs[0])
    }), { numRuns: 60 })
  })

  it('29 February counts as the day that it is', () => {
    const days = { from: dayNumberOf('2028-02-01'), to: dayNumberOf('2028-03-01') }
    expect(chargeOf({ days, price: money(29_000) }, money(58_000), dayNumberOf('2028-02-29'))).toMatchObject({ wholeDays: 29, credit: { amount: 1000n }, charge: { amount: 2000n }, net: { amount: 1000n } })
  })
})
