import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { daysBefore, poolOutlook } from '#server/infrastructure/pool-outlook.ts'

const now = new Date('2026-11-02T03:00:00Z')
const today = daysBefore(now, 0)
const count = fc.integer({ min: 0, max: 4096 })
const at = (days: number, held: number) => ({ day: daysBefore(now, days), held })
const pool = fc.record({ seen: fc.integer({ min: 0, max: 90 }), before: count, held: count, free: count, resting: count })
const outlook = ({ seen, before, held, free, resting }: { seen: number, before: number, held: number, free: number, resting: number }) => poolOutlook({ first: at(seen, before), today, held, free, resting })

describe('when a pool is full', () => {
  it('is told from the addresses taken a day, those given back taken off', () => {
    expect(poolOutlook({ first: at(90, 10), today, held: 100, free: 50, resting: 0 })).toEqual({ kind: 'days', days: 50, perDay: 1 })
    expect(poolOutlook({ first: at(20, 10), today, held: 20, free: 4, resting: 1 })).toEqual({ kind: 'days', days: 10, perDay: 0.5 })
  })
  it('is never negative, and never told from fewer than 14 days, nor when no more are taken than given back', () => {
    fc.assert(fc.property(pool, (given) => {
      const { kind, days } = outlook(given)
      expect(days === null || (kind === 'days' && Number.isInteger(days) && days >= 0)).toBe(true)
      if (kind === 'days') expect(given.seen >= 14 && given.held > given.before).toBe(true)
      if (given.free > 0 && given.seen < 14) expect(kind).toBe('unknown')
      if (given.free > 0 && given.seen >= 14 && given.held <= given.before) expect(kind).toBe('steady')
    }))
  })
  it('is now exactly when none is free', () => {
    fc.assert(fc.property(pool, (given) => {
      expect(outlook(given).kind === 'full').toBe(given.free === 0)
    }))
  })
  it('comes no sooner with more room', () => {
    fc.assert(fc.property(pool, count, (given, more) => {
      const [less, roomier] = [outlook(given), outlook({ ...given, free: given.free + more })]
      if (less.days !== null) expect(roomier.days).toBeGreaterThanOrEqual(less.days)
    }))
  })
  it('is unknown of a pool that no day was seen of', () => {
    expect(poolOutlook({ first: null, today, held: 0, free: 5, resting: 0 })).toEqual({ kind: 'unknown', days: null, perDay: null })
  })
})
