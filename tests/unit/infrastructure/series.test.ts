import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fewestDays, fullIn, growthOf } from '#server/infrastructure/forecast.ts'
import { packSlot, pointsOf, rangeRules, rangeStart, rollUp, rollUps, slotOf, slotWidth, stepMilliseconds, stepRules, unpackChunk } from '#server/infrastructure/series.ts'
import type { Bucket } from '#server/infrastructure/series.ts'
import { metricRanges } from '#shared/vocabulary/machines.ts'
import { seriesSteps } from '#shared/vocabulary/monitoring.ts'

const begin = Date.UTC(2026, 10, 2)
const sampleAt = (at: number, ...values: (number | null)[]): Bucket => ({ at, average: values, highest: values, samples: values.map(value => value === null ? 0 : 1) })
const value = fc.option(fc.integer({ min: 0, max: 1_000_000 }).map(n => n / 8), { nil: null })
/** Up to two hours of samples, some of which are missing. */
const samples = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 239 }), value, value), { selector: ([slot]) => slot, maxLength: 240 }).map(list => list.map(([slot, a, b]) => sampleAt(begin + slot * 30_000, a, b)))
const close = (a: number | null | undefined, b: number | null | undefined) => a === null || b === null || a === undefined || b === undefined ? a === b : Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b))

describe('series', () => {
  it('what is rolled up is the average, the highest and the number of the samples in it', () => {
    fc.assert(fc.property(samples, (raw) => {
      for (const bucket of rollUp(raw, 300_000)) {
        const inside = raw.filter(one => one.at >= bucket.at && one.at < bucket.at + 300_000)
        for (const f of [0, 1]) {
          const told = inside.flatMap(one => one.average[f] ?? [])
          expect(bucket.samples[f]).toBe(told.length)
          expect(close(bucket.average[f], told.length === 0 ? null : told.reduce((sum, one) => sum + one, 0) / told.length)).toBe(true)
          expect(bucket.highest[f]).toBe(told.length === 0 ? null : Math.max(...told))
        }
      }
    }))
  })
  it('it makes no difference whether an hour is made from samples or from five minutes', () => {
    fc.assert(fc.property(samples, (raw) => {
      const [direct, twice] = [rollUp(raw, 3_600_000), rollUp(rollUp(raw, 300_000), 3_600_000)]
      expect(twice.map(({ at, highest, samples: n }) => ({ at, highest, n }))).toEqual(direct.map(({ at, highest, samples: n }) => ({ at, highest, n })))
      expect(twice.every((bucket, i) => bucket.average.every((average, f) => close(average, direct[i]?.average[f])))).toBe(true)
    }))
  })
  it('the order in which samples come means nothing, and one that comes twice counts once', () => {
    fc.assert(fc.property(samples, fc.nat(), (raw, seed) => {
      const again = [...raw, ...raw].sort((a, b) => (a.at * 7919 + seed) % 101 - (b.at * 7919 + seed) % 101)
      const [made, remade] = [rollUp(raw, 300_000), rollUp(again, 300_000)]
      expect(remade.map(bucket => bucket.samples)).toEqual(made.map(bucket => bucket.samples))
      expect(remade.every((bucket, i) => bucket.average.every((average, f) => close(average, made[i]?.average[f])))).toBe(true)
    }))
  })
  it('gaps stay gaps: where nothing was measured there is neither a bucket nor a 0', () => {
    expect(rollUp([sampleAt(begin, 1, null), sampleAt(begin + 600_000, null, 4)], 300_000)).toEqual([
      { at: begin, average: [1, null], highest: [1, null], samples: [1, 0] }, { at: begin + 600_000, average: [null, 4], highest: [null, 4], samples: [0, 1] },
    ])
    const points = pointsOf('hour', begin + 3_600_000, [sampleAt(begin + 1_800_000, 1, 2)], 2)
    expect(points.filter(point => point.average[0] !== null)).toHaveLength(1)
    expect(points.map(point => point.at)).toEqual(Array.from({ length: 120 }, (_, i) => begin + (i + 1) * 30_000))
  })
  it('a chunk gives back what was put in its slots, at their moments', () => {
    fc.assert(fc.property(fc.constantFrom(...seriesSteps), fc.integer({ min: 0, max: 10_000 }), fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 8 }), (step, away, values) => {
      const length = stepMilliseconds(step)
      const { startsAt } = slotOf(step, begin + away * length)
      const width = slotWidth(step, 'storage')
      const numbers = new Float32Array(stepRules[step].slots * width).fill(Number.NaN)
      const put = values.map(([a, b], i) => sampleAt(startsAt + i * 3 * length, a, b))
      for (const bucket of put) numbers.set(new Float32Array(packSlot(step, bucket).buffer), slotOf(step, bucket.at).slot * width)
      // As from a database: the bytes begin anywhere.
      const bytes = new Uint8Array(numbers.byteLength + 3)
      bytes.set(new Uint8Array(numbers.buffer), 3)
      const found = unpackChunk(step, 'storage', startsAt, bytes.subarray(3))
      expect(found.map(bucket => bucket.at)).toEqual(put.filter(bucket => bucket.samples.some(n => n > 0)).map(bucket => bucket.at))
      for (const bucket of found) expect(bucket.average.every((average, f) => close(average, put.find(one => one.at === bucket.at)?.average[f]))).toBe(true)
    }))
  })
  it('no range reads more than some 400 points and a handful of rows, and none asks for more than is kept', () => {
    for (const range of metricRanges) {
      const { step, points } = rangeRules[range]
      const now = begin + 12_345_678
      expect(points).toBeLessThanOrEqual(400)
      const chunk = stepMilliseconds(step) * stepRules[step].slots
      expect((slotOf(step, now).startsAt - slotOf(step, rangeStart(range, now)).startsAt) / chunk + 1).toBeLessThanOrEqual(6)
      expect(now - rangeStart(range, now)).toBeLessThanOrEqual((stepRules[step].keepDays + 1) * 86_400_000)
    }
  })
  it('each step is made of whole buckets of the finer one, which is kept for longer than the coarser needs', () => {
    for (const [source, target] of rollUps) {
      expect(stepMilliseconds(target) % stepMilliseconds(source)).toBe(0)
      expect(stepRules[source].keepDays * 86_400_000).toBeGreaterThan(2 * stepMilliseconds(target) - 1)
    }
  })
})

describe('the forecast of a storage', () => {
  const days = (n: number, used: (day: number) => number) => Array.from({ length: n }, (_, day) => ({ day, used: used(day) }))
  it('a week is the least that it is read from', () => {
    expect(growthOf(days(fewestDays - 1, day => day * 10))).toEqual({ growthPerDay: null, daysKnown: fewestDays - 1 })
    expect(fullIn(growthOf(days(fewestDays - 1, day => day * 10)), 500, 1000)).toEqual({ state: 'unknown', days: null })
    expect(fullIn(growthOf(days(fewestDays, day => day * 10)), 500, 1000)).toEqual({ state: 'growing', days: 50 })
  })
  it('a straight line is told as it is, whichever days are missing', () => {
    fc.assert(fc.property(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 1_000_000 }), fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: fewestDays, maxLength: 40 }), (slope, start, known) => {
      expect(growthOf(known.map(day => ({ day, used: start + slope * day }))).growthPerDay).toBeCloseTo(slope, 6)
    }))
  })
  it('a few days on which something was copied or emptied do not bend it', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), fc.uniqueArray(fc.integer({ min: 0, max: 29 }), { maxLength: 4 }), fc.integer({ min: -1_000_000, max: 1_000_000 }), (slope, odd, by) => {
      const { growthPerDay } = growthOf(days(30, day => 10_000_000 + slope * day + (odd.includes(day) ? by : 0)))
      expect(growthPerDay).toBeCloseTo(slope, 6)
    }))
  })
  it('what shrinks or rests is never full, what is full is full now', () => {
    expect(fullIn({ growthPerDay: 0, daysKnown: 30 }, 500, 1000)).toEqual({ state: 'steady', days: null })
    expect(fullIn({ growthPerDay: -5, daysKnown: 30 }, 500, 1000)).toEqual({ state: 'steady', days: null })
    expect(fullIn({ growthPerDay: 5, daysKnown: 30 }, 1000, 1000)).toEqual({ state: 'growing', days: 0 })
    expect(fullIn({ growthPerDay: 5, daysKnown: 30 }, null, 1000)).toEqual({ state: 'unknown', days: null })
  })
})
