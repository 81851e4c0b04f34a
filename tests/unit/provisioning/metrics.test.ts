import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MetricPoint } from '#server/infrastructure/ports.ts'
import { mostPoints, thinOut } from '#server/provisioning/show-metrics.ts'

const figure = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }))
const points = fc.array(fc.record({ cpu: figure, memoryUsed: figure, memoryTotal: figure, diskRead: figure, diskWrite: figure, netIn: figure, netOut: figure }), { maxLength: 1500 }).map((rows): MetricPoint[] => rows.map((row, i) => ({ ...row, at: new Date(i * 60_000) })))

describe('thinning out what a machine used', () => {
  it('never leaves more than a graph can show, keeps the order and the newest moment', () => {
    fc.assert(fc.property(points, (given) => {
      const thin = thinOut(given)
      expect(thin.length).toBeLessThanOrEqual(mostPoints)
      expect(thin.length > 0).toBe(given.length > 0)
      expect(thin.at(-1)?.at).toEqual(given.at(-1)?.at)
      expect(thin.map(({ at }) => at.getTime())).toEqual(thin.map(({ at }) => at.getTime()).sort((a, b) => a - b))
    }), { numRuns: 50 })
  })
  it('tells nothing that was not between the least and the most, and nothing where nothing is known', () => {
    fc.assert(fc.property(points, (given) => {
      const known = given.map(({ cpu }) => cpu).filter(value => value !== null)
      const thin = thinOut(given).map(({ cpu }) => cpu).filter(value => value !== null)
      expect(thin.length > 0).toBe(known.length > 0)
      const slack = 1 + 1e-9
      for (const value of thin) {
        expect(value).toBeLessThanOrEqual(known.reduce((most, one) => Math.max(most, one), 0) * slack)
        expect(value * slack).toBeGreaterThanOrEqual(known.reduce((least, one) => Math.min(least, one), Infinity))
      }
    }), { numRuns: 50 })
  })
  it('what is little is told as it is', () => {
    const given: MetricPoint[] = [{ at: new Date(0), cpu: 0.5, memoryUsed: null, memoryTotal: 1, diskRead: 2, diskWrite: 3, netIn: 4, netOut: 5 }]
    expect(thinOut(given)).toEqual(given)
  })
})
