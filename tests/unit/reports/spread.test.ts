import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { earnedBefore, invoicedBefore } from '#shared/money/spread.ts'
import type { SpreadLine } from '#shared/money/spread.ts'

const line = fc.record({
  amount: fc.bigInt({ min: -1_000_000_000_000n, max: 1_000_000_000_000n }), issued: fc.integer({ min: 20_000, max: 21_000 }), voided: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null }), from: fc.option(fc.integer({ min: 19_900, max: 21_100 }), { nil: null }), length: fc.integer({ min: 0, max: 800 }),
}).map(({ length, voided, ...rest }): SpreadLine => ({ ...rest, voided: voided === null ? null : rest.issued + voided, to: rest.from === null ? null : rest.from + length }))
/** Bounds of months of any length, from before everything to after everything. */
const bounds = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 200 }).map(steps => steps.reduce<number[]>((days, step) => [...days, (days.at(-1) ?? 19_800) + step], [19_800]).concat(24_000))

describe('a line spread over its period', () => {
  it('adds up to the line, to the Rupiah, however it is cut into months; a voided one to nothing', () => {
    fc.assert(fc.property(line, bounds, (one, days) => {
      const shares = days.slice(1).map((day, i) => earnedBefore(one, day) - earnedBefore(one, days[i] ?? day))
      expect(shares.reduce((a, b) => a + b, 0n)).toBe(one.voided !== null || one.from === null ? 0n : one.amount)
    }))
  })

  it('earns nothing before it was invoiced and never more than what was invoiced; what is deferred is the rest', () => {
    fc.assert(fc.property(line, fc.integer({ min: 19_800, max: 22_500 }), (one, day) => {
      const [earned, invoiced] = [earnedBefore(one, day), invoicedBefore(one, day)]
      const size = (amount: bigint) => amount < 0n ? -amount : amount
      if (day <= one.issued) expect(earned).toBe(0n)
      expect(size(earned) + size(invoiced - earned)).toBe(size(invoiced))
    }))
  })

  it('earns by exact days: 31 days of 310,000 are 210,000 for the 21 of January and 100,000 for the 10 of February', () => {
    const day = (iso: string) => Date.parse(iso) / 86_400_000
    const one = { amount: 310_000n, issued: day('2026-01-11'), voided: null, from: day('2026-01-11'), to: day('2026-02-11') }
    expect([earnedBefore(one, day('2026-02-01')), earnedBefore(one, day('2026-03-01'))]).toEqual([210_000n, 310_000n])
  })
})
